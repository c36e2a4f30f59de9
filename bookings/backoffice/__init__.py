"""Bookings in the back office: pages and forms, which call the operations and decide nothing."""
