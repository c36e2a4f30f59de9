"""Bookings in the back office: pages and forms that call the operations."""
