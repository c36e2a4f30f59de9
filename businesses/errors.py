"""Why a change of the hours is refused, and which database constraints say so."""

from rhivo.db.constraints import means
from rhivo.errors import Conflict


class HoursOverlap(Conflict):
    """This overlaps or touches other hours of that day: leave a break between two, or make them one."""

    code = "HOURS_OVERLAP"


means("weekly_windows_apart", HoursOverlap)
means("exception_windows_apart", HoursOverlap)
