"""Long work: jobs with progress that survive a restart, in batches that are each one transaction.

rules: what a job is, its states and problems. work: the worker and what a handler sees of it.
start: beginning one in the caller's transaction. routes: reading, watching, cancelling.
"""
