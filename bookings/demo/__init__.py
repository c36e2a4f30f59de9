"""Three businesses to try Rhivo with: tenant files, people to log in as, some weeks of bookings."""

from bookings.demo.cast import listing
from bookings.demo.seeding import load_demo

__all__ = ["listing", "load_demo"]
