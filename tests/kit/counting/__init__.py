"""A service whose only work is to count, for the tests of jobs: each number is a row, once."""
