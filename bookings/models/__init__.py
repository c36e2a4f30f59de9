"""Holds, appointments and the time they occupy."""

from bookings.models.appointment import Appointment, Status
from bookings.models.busy_time import BusyTime
from bookings.models.reservation import Reservation, ReservationStatus

__all__ = ["Appointment", "BusyTime", "Reservation", "ReservationStatus", "Status"]
