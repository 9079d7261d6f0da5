"""The one door: who speaks, where a request goes, and what is gathered over all services."""
