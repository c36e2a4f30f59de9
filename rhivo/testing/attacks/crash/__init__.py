"""Parts of an installation are killed under load."""
