"""One write behind two routes, for the tests of direct routes."""
