"""How the suite is started, watched, saved and put back, on real engines."""
