"""The four services and the kit that they share; no service imports another."""
