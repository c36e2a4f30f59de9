"""Days and times to choose from, as the pages show them: a strip of two weeks, and the free times of one day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.load_calendar import calendar_of_days, local_day
from bookings.models import Appointment
from bookings.rules.slots import Calendar, Slot
from businesses.models import Business, Service, Staff

STRIP = 14  # days
SEARCHED = 62  # days beyond the strip, as many as one request to the API may cover
NOON, EVENING = 12, 17  # hours


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the strip with how many starts have as many places as are wanted."""

    date: date
    free: int


@dataclass(frozen=True, slots=True)
class Part:
    """The free times of one part of a day, with those of a class that has fewer places left than are wanted."""

    name: str | Promise
    slots: list[Slot]


@dataclass(frozen=True, slots=True)
class Picker:
    """What a page of times shows. `earlier` and `later` are days of the strips around it.

    `next_free` is the next day with a free time, where the chosen one has none. `places` are wanted; `fits`: the
    chosen day has a time with as many.
    """

    chosen: date
    days: list[Day]
    parts: list[Part]
    earlier: date | None
    later: date | None
    next_free: date | None
    places: int
    fits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Whose free times to show. `staff` None means anyone's; the time of `rescheduling` counts as free.

    `places` are wanted in a class. Times that have fewer are found as well, so that a page can say how many are left.
    """

    business: Business
    service: Service
    at: datetime
    staff: Staff | None = None
    rescheduling: Appointment | None = None
    places: int = 1

    def days(self, first: date, last: date) -> list[tuple[date, list[Slot]]]:
        return self._calendar(first, last).days(first, last, at=self.at)

    def fits(self, slot: Slot) -> bool:
        """Whether a time has as many places as are wanted."""
        return slot.remaining >= self.places

    def left(self, start: datetime) -> int:
        """Return how many places a start has left, 0 for one that is not offered."""
        day = local_day(start, self.business.zone)
        return self._calendar(day, day).judge(start, at=self.at).remaining

    def _calendar(self, first: date, last: date) -> Calendar:
        # Of one place, whatever is wanted: a class that has fewer would be left out, and nobody told how many it has.
        return calendar_of_days(
            self.business,
            self.service,
            first=first,
            last=last,
            at=self.at,
            staff=self.staff,
            rescheduling=self.rescheduling,
        )

    @property
    def today(self) -> date:
        return self.at.astimezone(self.business.zone).date()

    @property
    def last_day(self) -> date:
        """The last day on which anything can be booked."""
        return (self.at + timedelta(days=self.business.max_advance_days)).astimezone(self.business.zone).date()


def pick(search: Search, wanted: str | None) -> Picker:
    """Return the strip around a wanted day (ISO, or anything else for the first free one) with that day's times."""
    today, last_day = search.today, search.last_day
    asked = parsed_day(wanted)
    # An old link or a typed address may name any day: the nearest that can be booked is shown.
    day = min(max(asked or today, today), last_day)
    # Strips are counted from today, so "earlier" and "later" turn the same pages whichever day is chosen.
    first = today + timedelta(days=(day - today).days // STRIP * STRIP)
    last = min(first + timedelta(days=STRIP - 1), last_day)
    found = search.days(first, last)
    listed = [Day(each, sum(map(search.fits, slots))) for each, slots in found]
    if asked is None:
        day = next((each.date for each in listed if each.free), day)
    slots = dict(found)[day]
    fits = any(map(search.fits, slots))
    return Picker(
        chosen=day,
        days=listed,
        parts=parts_of_day(slots, search.business),
        earlier=first - timedelta(days=1) if first > today else None,
        later=last + timedelta(days=1) if last < last_day else None,
        # A second search, so only where the chosen day has nothing.
        next_free=None if fits else _next_free(search, listed, day),
        places=search.places,
        fits=fits,
    )


def parts_of_day(slots: list[Slot], business: Business) -> list[Part]:
    """Return a day's times as morning, afternoon and evening, without the empty ones."""
    names = (_("Morning"), _("Afternoon"), _("Evening"))
    sorted_in: list[list[Slot]] = [[], [], []]
    for slot in slots:
        hour = slot.start.astimezone(business.zone).hour
        # Two truths added: 0 in the morning, 1 from noon, 2 in the evening.
        sorted_in[(hour >= NOON) + (hour >= EVENING)].append(slot)
    return [Part(name, found) for name, found in zip(names, sorted_in, strict=True) if found]


def _next_free(search: Search, listed: list[Day], day: date) -> date | None:
    """Return the first later day with a free time, looked for two months beyond the strip."""
    here = next((each.date for each in listed if each.free and each.date > day), None)
    first = listed[-1].date + timedelta(days=1)
    last = min(first + timedelta(days=SEARCHED - 1), search.last_day)
    if here is not None or last < first:
        return here
    return next((each for each, slots in search.days(first, last) if any(map(search.fits, slots))), None)


def parsed_day(text: str | None) -> date | None:
    """Return the day that an address names (ISO), None for anything else."""
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
