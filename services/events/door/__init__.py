"""The door: devices, check-ins made without a line, the scanner page, the rotating code."""
