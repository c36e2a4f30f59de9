"""Many clients over HTTP who want the same few places."""
