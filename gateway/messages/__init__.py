"""Messages to people: one port, in-app today; rendered in the reader's language when read."""
