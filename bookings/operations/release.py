"""Releasing a hold."""

from bookings.errors import IllegalTransition
from bookings.models import Reservation, ReservationStatus
from rhivo.db.operation import operation


@operation
def release_hold(*, reservation: Reservation) -> None:
    """End a hold now and free its time; one that has ended stays so. Raises IllegalTransition if it is booked."""
    # The status is read under the lock: a commit that is under way ends first, and is what this finds.
    status = Reservation.objects.select_for_update().values_list("status", flat=True).get(pk=reservation.pk)
    if status == ReservationStatus.COMMITTED:
        raise IllegalTransition("This hold has become an appointment: cancel that instead.")
    if status == ReservationStatus.HELD:
        Reservation.objects.filter(pk=reservation.pk).update(status=ReservationStatus.RELEASED)
