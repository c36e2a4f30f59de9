"""The rules of booking, pure: no ORM, no clock. Time, rows and settings come in as values."""
