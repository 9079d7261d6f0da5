"""What people may ask of what is held about them: a copy, the end of their consent, erasure."""
