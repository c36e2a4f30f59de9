"""The customers' pages: each reads its form, calls one operation, and shows or redirects."""
