"""The only writers of holds and appointments. Each is atomic and raises what it refuses.

Those that depend on the time take it as `at`.

The order in each: authorise, lock, decide, write, enqueue, return the model. Row security authorises first: a row that
the claims do not reach is not found.
"""

from bookings.operations.book import Booked, book_for_customer
from bookings.operations.cancel import cancel_appointment
from bookings.operations.commit import commit_hold
from bookings.operations.complete import complete_appointment
from bookings.operations.expire import release_expired
from bookings.operations.hold import Held, find_hold, hold_slot
from bookings.operations.hold_visit import hold_visit
from bookings.operations.mark_no_show import mark_no_show
from bookings.operations.release import release_hold
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
    "hold_visit",
    "mark_no_show",
    "release_expired",
    "release_hold",
    "reschedule_appointment",
]
