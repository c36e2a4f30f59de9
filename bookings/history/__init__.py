"""Reading the history of bookings: as sentences, and as appointments as they were."""
