"""Everything on one machine for trying Rhivo out: what `manage.py demo` does, and how other commands find it."""
