"""What slot search offers can be held, what it does not is refused for the reason it gives: tried at every 5 minutes."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from bookings.api.slot_search import search_slots
from bookings.errors import refusal
from bookings.load_calendar import WantedPart, visit_calendar
from bookings.models import Reservation
from bookings.operations.hold import hold_slot
from bookings.operations.hold_visit import hold_visit
from bookings.rules.reasons import Override, Reason
from businesses.models import Availability, Service
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.testing.builder import Shop
from rhivo.testing.factories import AvailabilityFactory

pytestmark = pytest.mark.django_db(transaction=True)
ZONES = ("Europe/Rome", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "Australia/Sydney")
BEFORE, DAYS = 6, 14
SERVICES = ("cut", "room", "class", "wash", "colour", "bath")
VISIT = ("wash", "colour", "cut")
TRIED = (*SERVICES, "visit")
MORE = (("colour", 560), ("colour", 580), ("bath", 570), ("bath", 600), ("bath", 615))
GRAIN = timedelta(minutes=5)
CODES = {reason.value: refusal(reason).code for reason in Reason}
HOURS_CODES = {"CLOSED", "BREAK", "OUTSIDE_HOURS"}


def next_change(zone: ZoneInfo) -> date:
    """Return the next date with a clock change, or a date a week ahead where there is none."""
    today = datetime.now(zone).date()
    for day in (today + timedelta(days=n) for n in range(8, 380)):
        noons = [datetime.combine(d, time(12), zone).utcoffset() for d in (day - timedelta(days=1), day)]
        if noons[0] != noons[1]:
            return day
    return today + timedelta(days=8)


def furnished(shops: Callable[..., Shop], zone: str, change: date) -> Shop:
    """Found a shop with breaks, closed and special days, people with hours of their own, and bookings around a date."""
    shop = shops(
        timezone=zone, slot_interval_minutes=30, min_notice_minutes=95, max_advance_days=10, max_per_customer_per_day=50
    )
    open_hours(shop, change)
    shop.service("cut", staff=["anna", "bob"], duration_minutes=40, buffer_before_minutes=10, buffer_after_minutes=15)
    shop.service("room", duration_minutes=45, max_simultaneous_bookings=2, slot_interval_minutes=25)
    shop.service("class", staff=["bob", "carla"], is_group=True, max_simultaneous_bookings=2, duration_minutes=60)
    shop.service("wash", duration_minutes=20, buffer_after_minutes=10)
    shop.service(
        "colour",
        staff=["anna", "dora"],
        duration_minutes=60,
        processing_after_minutes=20,
        processing_minutes=25,
        buffer_before_minutes=5,
        buffer_after_minutes=10,
    )
    shop.resource("room-1")
    shop.resource("room-2", max_simultaneous_bookings=2)
    shop.service("bath", staff=["dora"], needs=["room"], duration_minutes=35, buffer_after_minutes=5)
    with shop.changes():
        shop.person("dora").max_simultaneous_bookings = 2
        shop.person("dora").save(update_fields=["max_simultaneous_bookings"])
    keep_hours(shop, change)
    book_some(shop, change)
    return shop


def open_hours(shop: Shop, change: date) -> None:
    windows = {6: [(0, 300), (540, 780), (840, 1440)], 0: [(60, 300), (540, 1080)]}
    with shop.changes():
        Availability.objects.filter(business=shop.business).delete()
        for weekday in range(7):
            for opens, closes in windows.get(weekday, [(0, 240), (540, 780), (835, 1085)] if weekday != 3 else []):
                AvailabilityFactory.create(business=shop.business, weekday=weekday, opens=opens, closes=closes)
        special: list[tuple[int, int | None, int | None]] = [
            *((-3, None, None), (3, 605, 905)),
            *((2, 30, 200), (2, 600, 1440)),
        ]
        for offset, since, until in special:
            day = change + timedelta(days=offset)
            AvailabilityFactory.create(
                business=shop.business, first_date=day, last_date=day, opens=since, closes=until, reason="Special"
            )


def keep_hours(shop: Shop, change: date) -> None:
    with shop.changes():
        anna, bob = shop.person("anna"), shop.person("bob")
        for weekday in range(7):
            AvailabilityFactory.create(business=shop.business, staff=anna, weekday=weekday, opens=90, closes=700)
        AvailabilityFactory.create(
            business=shop.business, staff=bob, first_date=change, last_date=change + timedelta(days=1), reason="Off"
        )


def book_some(shop: Shop, change: date) -> None:
    """Book at odd times, around the change too; whatever does not fit is left out."""
    for offset in range(-BEFORE + 1, DAYS - BEFORE):
        midnight = datetime.combine(change + timedelta(days=offset), time(), shop.business.zone).astimezone(UTC)
        for slug, minutes in (
            ("cut", 105),
            ("cut", 600),
            ("room", 75),
            ("room", 90),
            ("class", 630),
            ("wash", 150),
            *MORE,
        ):
            try:
                shop.book_by_staff(
                    midnight + timedelta(minutes=minutes), shop.service(slug), overrides=list(Override), at=now()
                )
            except RhivoError:
                continue


def starts_of(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield every instant of a local date at a step of five minutes."""
    start = datetime.combine(day, time(), zone).astimezone(UTC)
    while start.astimezone(zone).date() == day:
        yield start
        start += GRAIN


def search(shop: Shop, service: Service, day: date, at: datetime) -> dict[datetime, tuple[str, tuple[str, ...], str]]:
    """Return by start what slot search says of it: the refusal's code or '', who is free, and the end."""
    body = search_slots(shop.business, service, first=day, last=day, staff=None, include_unavailable=True, at=at)
    [found] = body["days"]
    assert found["date"] == day.isoformat()
    return {
        datetime.fromisoformat(slot["start"]).astimezone(UTC): (
            CODES.get(slot.get("reason", ""), ""),
            tuple(slot["staff"]),
            slot["end"],
        )
        for slot in found["slots"]
    }


def attempt(shop: Shop, service: Service, start: datetime, at: datetime) -> tuple[str, tuple[str, ...], str]:
    """Hold a start, then undo it; return the refusal's code or '', whom it took, and the end."""
    mark = transaction.savepoint()
    try:
        held = hold_slot(business=shop.business, service=service, start=start, key=f"key at {start}", at=at).reservation
    except RhivoError as refusal:
        return refusal.code, (), ""
    finally:
        transaction.savepoint_rollback(mark)
    staff = (held.staff.slug,) if held.staff else ()
    return "", staff, held.ends_at.astimezone(shop.business.zone).isoformat()


def disagreements_on_visits(shop: Shop, day: date, at: datetime) -> Iterator[str]:
    """Yield a line for each start of a day on which the search for a visit of three parts and its hold differ."""
    parts = [WantedPart(shop.service(slug)) for slug in VISIT]
    calendar = visit_calendar(shop.business, parts, first=day, last=day, at=at)
    offered = {chain[0].start: [(part.start, part.staff_id) for part in chain] for chain in calendar.starts(day, at=at)}
    for start in starts_of(day, shop.business.zone):
        reason = calendar.judge(start, at=at)
        expected = offered.get(start, CODES[reason.value] if isinstance(reason, Reason) else "offered off the grid")
        found = attempt_visit(shop, parts, start, at)
        if found != expected:
            yield f"{shop.business.timezone} visit {start}: search says {expected}, hold says {found}"


def attempt_visit(
    shop: Shop, parts: list[WantedPart], start: datetime, at: datetime
) -> str | list[tuple[datetime, UUID | None]]:
    """Hold a visit, then undo it; return the refusal's code, or when each part begins and who does it."""
    mark = transaction.savepoint()
    try:
        held = hold_visit(business=shop.business, parts=parts, start=start, key=f"key at {start}", at=at).reservation
        rows = Reservation.objects.filter(visit_id=held.visit_id).order_by("part")
        return list(rows.values_list("starts_at", "staff_id"))
    except RhivoError as refusal:
        return refusal.code
    finally:
        transaction.savepoint_rollback(mark)


def disagreements(shop: Shop, slug: str, day: date, at: datetime) -> Iterator[str]:
    """Yield a line for each start of a day on which search and holds differ."""
    if slug == "visit":
        yield from disagreements_on_visits(shop, day, at)
        return
    service = shop.service(slug)
    offered = search(shop, service, day, at)
    starts = list(starts_of(day, shop.business.zone))
    assert set(offered) <= set(starts)
    for start in starts:
        code, staff, end = attempt(shop, service, start, at)
        expected = offered.get(start)
        if expected is None:
            agrees = code == "OFF_GRID" or code in HOURS_CODES
        elif expected[0]:
            agrees = code == expected[0]
        else:
            agrees = (code, staff, end) == ("", expected[1][:1], expected[2])
        if not agrees:
            yield f"{shop.business.timezone} {slug} {start}: search says {expected}, hold says {code, staff, end}"


def tried_days(change: date, *, rotated_by: int) -> Iterator[tuple[date, str]]:
    """Yield each day with a service to try, on the day of the change two: each zone begins with another service."""
    for n in range(DAYS):
        yield change + timedelta(days=n - BEFORE), TRIED[(n + rotated_by) % len(TRIED)]
    yield change, TRIED[(BEFORE + rotated_by + 2) % len(TRIED)]


@pytest.mark.parametrize("zone", ZONES)
def test_search_and_holds_agree_at_every_five_minutes_around_the_change_of_clocks(
    zone: str, shops: Callable[..., Shop]
) -> None:
    change = next_change(ZoneInfo(zone))
    shop = furnished(shops, zone, change)
    first = change - timedelta(days=BEFORE)
    at = datetime.combine(first + timedelta(days=1), time(2, 7), shop.business.zone).astimezone(UTC)
    found: list[str] = []
    for day, slug in tried_days(change, rotated_by=ZONES.index(zone)):
        with acting_as(shop.public), transaction.atomic():
            found.extend(disagreements(shop, slug, day, at))
    assert found == []
