"""Honours, what becomes of them, their certificates and how anybody verifies one."""
