"""The history of bookings, read: as sentences, and as appointments as they were."""
