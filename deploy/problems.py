"""What stops a command: always one sentence for the person at the keyboard, never a traceback."""


class CannotStart(Exception):
    """Something stands in the way; the message is one sentence that says what to do."""


class EngineFailed(CannotStart):
    """PostgreSQL or NATS cannot be used."""
