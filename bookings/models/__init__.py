"""Holds, appointments and the ledger of the time they claim."""

from bookings.models.appointment import OCCUPYING, Appointment, Status
from bookings.models.busy_time import BusyTime
from bookings.models.reservation import Reservation, ReservationStatus

__all__ = ["OCCUPYING", "Appointment", "BusyTime", "Reservation", "ReservationStatus", "Status"]
