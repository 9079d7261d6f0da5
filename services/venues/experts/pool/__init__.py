"""The pool of experts, and the institutions that they work for."""
