"""Tenants, people and catalogue."""

from businesses.models.availability import Availability, Weekday, clock_text
from businesses.models.business import Business, Locale
from businesses.models.catalogue import Category, Service, ServiceStaff, Staff
from businesses.models.people import Membership, MembershipRole, User, normalized_email

__all__ = [
    "Availability",
    "Business",
    "Category",
    "Locale",
    "Membership",
    "MembershipRole",
    "Service",
    "ServiceStaff",
    "Staff",
    "User",
    "Weekday",
    "clock_text",
    "normalized_email",
]
