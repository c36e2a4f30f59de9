"""The chain of the history: reading it in order, sealing it, verifying it."""
