"""The pool of experts, conflicts, verifiable draws, invitations and scores."""
