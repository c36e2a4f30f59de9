"""`make prove`: attacks on a running installation, each of which says what it tried and what broke.

Nothing here is imported by the application.
"""
