"""How messages go out: one module a channel."""
