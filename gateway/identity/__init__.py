"""Who speaks: accounts, how they sign in, their sessions, and the record of every change."""
