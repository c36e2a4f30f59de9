"""Holds, appointments and the ledger of the time they claim."""

from bookings.models.appointment import Appointment, Status
from bookings.models.busy_time import BusyTime
from bookings.models.reservation import Reservation, ReservationStatus

__all__ = ["Appointment", "BusyTime", "Reservation", "ReservationStatus", "Status"]
