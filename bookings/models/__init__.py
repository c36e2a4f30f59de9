"""Holds, appointments and the time they occupy."""

from bookings.models.appointment import Appointment, Status
from bookings.models.busy_time import BusyTime
from bookings.models.reservation import Reservation, ReservationStatus
from bookings.models.used_resources import read_resources

__all__ = ["Appointment", "BusyTime", "Reservation", "ReservationStatus", "Status", "read_resources"]
