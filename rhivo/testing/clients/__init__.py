"""Clients of the API: one asks Django in this process, one asks a real server."""
