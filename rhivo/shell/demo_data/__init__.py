"""Three businesses to try Rhivo with: tenant files, people to log in as, some weeks of bookings."""

from rhivo.shell.demo_data.demo_businesses import listing
from rhivo.shell.demo_data.seed import load_demo

__all__ = ["listing", "load_demo"]
