"""What is killed, and what must still be true afterwards."""
