"""Activities: drafted, approved, published, held; their occurrences, hosts and series."""
