"""Messages in the back office."""
