"""The only writers of holds and appointments. Each is atomic, takes the instant as `at`, and raises what it refuses."""

from bookings.operations.book import Booked, book_for_customer, commit_hold
from bookings.operations.cancel import cancel_appointment
from bookings.operations.expire import release_expired
from bookings.operations.hold import Held, find_hold, hold_slot, release_hold
from bookings.operations.outcome import complete_appointment, mark_no_show
from bookings.operations.reschedule import reschedule_appointment

__all__ = [
    "Booked",
    "Held",
    "book_for_customer",
    "cancel_appointment",
    "commit_hold",
    "complete_appointment",
    "find_hold",
    "hold_slot",
    "mark_no_show",
    "release_expired",
    "release_hold",
    "reschedule_appointment",
]
