"""PostgreSQL and NATS as child processes of ours, from wheels or from the system."""
