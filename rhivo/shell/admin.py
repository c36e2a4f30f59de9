"""Every page of the back office. Django looks for them in a module of this name; no app has one of its own."""

from bookings.backoffice.appointment_pages import AppointmentAdmin
from businesses.backoffice.business_pages import (
    BusinessAdmin,
    CategoryAdmin,
    MembershipAdmin,
    ServiceAdmin,
    StaffAdmin,
)
from notifications.backoffice.message_pages import NotificationLogAdmin
from rhivo.shell.history_page import AuditLogAdmin
from rhivo.shell.hours_page import AvailabilityAdmin

__all__ = [
    "AppointmentAdmin",
    "AuditLogAdmin",
    "AvailabilityAdmin",
    "BusinessAdmin",
    "CategoryAdmin",
    "MembershipAdmin",
    "NotificationLogAdmin",
    "ServiceAdmin",
    "StaffAdmin",
]
