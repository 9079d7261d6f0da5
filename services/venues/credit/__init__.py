"""Whether a host institution has done what bars it from a name."""
