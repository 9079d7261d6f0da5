"""Applications on their way through the stages of their programme."""
