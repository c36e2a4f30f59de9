"""Tenants, people and catalogue."""

from businesses.models.availability import Availability, Weekday, clock_text
from businesses.models.business import Business, Locale
from businesses.models.catalogue import Category, Resource, Service, ServiceResource, ServiceStaff, Staff
from businesses.models.people import Membership, MembershipRole, User, normalized_email

__all__ = [
    "Availability",
    "Business",
    "Category",
    "Locale",
    "Membership",
    "MembershipRole",
    "Resource",
    "Service",
    "ServiceResource",
    "ServiceStaff",
    "Staff",
    "User",
    "Weekday",
    "clock_text",
    "normalized_email",
]
