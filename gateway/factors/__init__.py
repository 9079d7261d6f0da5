"""The second factor of staff: six digits that change, or a recovery code."""
