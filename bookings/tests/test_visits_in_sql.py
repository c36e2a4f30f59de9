"""What the database itself allows and refuses of visits: several services in one go, written by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from businesses.models import Resource, Service, Staff
from rhivo.claims import Claims, set_config_sql
from rhivo.testing.builder import Shop
from rhivo.testing.database import raw
from rhivo.testing.race import race

pytestmark = pytest.mark.django_db(transaction=True)

HOLD = """
    INSERT INTO reservations (id, visit_id, part, business_id, service_id, staff_id, resource_ids, starts_at, expires_at,
                              joined_before, joined_after, status, visitor, request_fingerprint)
    VALUES
"""
HOLD_ROW = "(%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp() + interval '10 minutes', %s, %s, 'held', '', '')"
COMMIT = """
    INSERT INTO appointments (id, business_id, reservation_id, service_id, starts_at, status, version, customer_name,
                              customer_email, customer_phone, notes, answers, cancellation_token_hash, overrides,
                              request_fingerprint)
    VALUES
"""
COMMIT_ROW = "(%s, %s, %s, %s, %s, 'confirmed', 1, 'Raw', '', '', '', '{}', 'token', '[]', '')"


@dataclass(frozen=True)
class Part:
    service: Service
    start: datetime
    staff: Staff | None = None
    rooms: tuple[Resource, ...] = ()
    joined_before: bool = False
    joined_after: bool = False


@dataclass(frozen=True)
class HeldVisit:
    parts: tuple[Part, ...]
    ids: tuple[UUID, ...]


def run(claims: Claims, *statements: tuple[str, list[Any]]) -> str:
    """Run statements in one transaction as rhivo_app; return "done" or the name of what refused them."""
    with raw("app") as app:
        try:
            with app.transaction():
                app.execute(set_config_sql(claims))
                for query, values in statements:
                    assert app.execute(query, values).rowcount > 0
        except psycopg.Error as error:
            return error.diag.constraint_name or str(error)
    return "done"


def hold_visit(shop: Shop, *parts: Part) -> tuple[str, HeldVisit]:
    """Hold parts in order, after locking all that they take."""
    ids = tuple(uuid4() for _ in parts)
    lock = [
        shop.business.id,
        [part.service.id for part in parts],
        [part.staff.id for part in parts if part.staff],
        [room.id for part in parts for room in part.rooms],
    ]
    rows: list[Any] = []
    for number, (id_, part) in enumerate(zip(ids, parts, strict=True)):
        staff, rooms = part.staff.id if part.staff else None, [room.id for room in part.rooms]
        rows += [id_, ids[0], number + 1, shop.business.id, part.service.id, staff, rooms, part.start]
        rows += [part.joined_before, part.joined_after]
    outcome = run(
        shop.public.with_(reservation_id=ids[0]),
        ("SELECT lock_subjects(%s, %s, %s, %s)", lock),
        (HOLD + ", ".join([HOLD_ROW] * len(parts)), rows),
    )
    return outcome, HeldVisit(parts, ids)


def commit_visit(shop: Shop, held: HeldVisit, *, only: slice = slice(None)) -> str:
    """Commit the parts of a held visit by one statement."""
    pairs = list(zip(held.ids, held.parts, strict=True))[only]
    rows = [value for id_, part in pairs for value in (uuid4(), shop.business.id, id_, part.service.id, part.start)]
    query = COMMIT + ", ".join([COMMIT_ROW] * len(pairs))
    return run(shop.public.with_(reservation_id=held.ids[0]), (query, rows))


def busy(shop: Shop) -> list[tuple[Any, ...]]:
    with raw("owner") as owner:
        return owner.execute(
            "SELECT lower(during), upper(during) FROM busy_times WHERE business_id = %s ORDER BY 1", [shop.business.id]
        ).fetchall()


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


@pytest.fixture
def anna(shop: Shop) -> Staff:
    return shop.person("anna")


@pytest.fixture
def cut(shop: Shop, anna: Staff) -> Service:
    return shop.service("cut", staff=["anna"], buffer_before_minutes=10, buffer_after_minutes=15)


@pytest.fixture
def wash(shop: Shop, anna: Staff) -> Service:
    return shop.service("wash", staff=["anna"], duration_minutes=15, buffer_after_minutes=5)


def test_buffers_that_meet_are_left_out(shop: Shop, anna: Staff, cut: Service, wash: Service) -> None:
    start = shop.at("10:00")
    outcome, _ = hold_visit(
        shop,
        Part(wash, start, anna, joined_after=True),
        Part(cut, start + minutes(15), anna, joined_before=True),
    )
    assert outcome == "done"
    assert busy(shop) == [(start, start + minutes(15)), (start + minutes(15), start + minutes(60))]


def test_buffers_stay_where_somebody_else_goes_on(shop: Shop, anna: Staff, cut: Service) -> None:
    start, other = shop.at("10:00"), shop.service("colour", staff=["bob"], buffer_before_minutes=5)
    parts = Part(cut, start, anna), Part(other, start + minutes(30), shop.person("bob"))
    assert hold_visit(shop, *parts)[0] == "done"
    assert busy(shop)[0] == (start - minutes(10), start + minutes(45))
    joined = (
        Part(cut, start, anna, joined_after=True),
        Part(other, start + minutes(30), shop.person("bob"), joined_before=True),
    )
    assert hold_visit(shop, *joined)[0] == "parts_follow_each_other"


@pytest.mark.parametrize(
    ("gap", "outcome"), [(-5, "parts_follow_each_other"), (0, "done"), (15, "done"), (20, "parts_follow_each_other")]
)
def test_a_part_follows_at_once_or_after_a_bounded_wait(shop: Shop, anna: Staff, gap: int, outcome: str) -> None:
    start, one, other = shop.at(), shop.service("one"), shop.service("two", staff=["anna"])
    assert hold_visit(shop, Part(one, start), Part(other, start + minutes(30 + gap), anna))[0] == outcome
    assert len(busy(shop)) == (2 if outcome == "done" else 0)


def test_a_visit_is_held_whole_or_not_at_all(shop: Shop, anna: Staff, cut: Service, wash: Service) -> None:
    start = shop.at("10:00")
    assert hold_visit(shop, Part(wash, start + minutes(30), anna))[0] == "done"
    before = busy(shop)
    outcome, _ = hold_visit(shop, Part(shop.service("chair"), start), Part(cut, start + minutes(30), anna))
    assert outcome == "one_staff_one_place"
    assert busy(shop) == before


def test_a_visit_is_committed_whole(shop: Shop, anna: Staff, wash: Service) -> None:
    start = shop.at("10:00")
    _, held = hold_visit(shop, Part(shop.service("chair"), start), Part(wash, start + minutes(30), anna))
    assert commit_visit(shop, held, only=slice(0, 1)) == "a_visit_is_booked_whole"
    assert commit_visit(shop, held, only=slice(1, 2)) == "parts_follow_each_other"
    assert commit_visit(shop, held) == "done"
    with raw("owner") as owner:
        rows = owner.execute(
            "SELECT count(*), count(DISTINCT visit_id), count(DISTINCT reference) FROM appointments WHERE business_id = %s",
            [shop.business.id],
        ).fetchall()
        holds = owner.execute(
            "SELECT count(DISTINCT expires_at), count(*) FILTER (WHERE status = 'committed') FROM reservations"
            " WHERE business_id = %s",
            [shop.business.id],
        ).fetchall()
    assert (rows, holds) == ([(2, 1, 1)], [(1, 2)])
    assert commit_visit(shop, held) == "hold_is_live"


def test_a_stranger_adds_no_part_to_a_visit(shop: Shop, anna: Staff, wash: Service) -> None:
    _, held = hold_visit(shop, Part(shop.service("chair"), shop.at("10:00")))
    values = [uuid4(), held.ids[0], 2, shop.business.id, wash.id, anna.id, [], shop.at("10:30"), False, False]
    refused = run(shop.public.with_(reservation_id=uuid4()), (HOLD + HOLD_ROW, values))
    assert "row-level security" in refused


RESCHEDULE = "UPDATE appointments SET starts_at = starts_at + %s WHERE business_id = %s AND {which}"


def booked_visit(shop: Shop, anna: Staff, *services: Service) -> None:
    start = shop.at("10:00")
    parts = []
    for number, service in enumerate(services):
        ends = (number > 0, number < len(services) - 1)
        parts.append(Part(service, start, anna, joined_before=ends[0], joined_after=ends[1]))
        start += minutes(service.duration_minutes)
    outcome, held = hold_visit(shop, *parts)
    assert (outcome, commit_visit(shop, held)) == ("done", "done")


def test_the_parts_of_a_visit_are_not_in_each_others_way(shop: Shop, anna: Staff, cut: Service, wash: Service) -> None:
    booked_visit(shop, anna, wash, cut, wash)
    before = busy(shop)
    for step in (15, 30, -45):
        values = [minutes(step), shop.business.id]
        assert run(shop.employees, (RESCHEDULE.format(which="TRUE"), values)) == "done"
    assert busy(shop) == before


def test_a_visit_is_rescheduled_whole(shop: Shop, anna: Staff, cut: Service, wash: Service) -> None:
    booked_visit(shop, anna, wash, cut)
    before = busy(shop)
    for which, step in (("part = 1", -60), ("part = 2", 60)):
        refused = run(shop.employees, (RESCHEDULE.format(which=which), [minutes(step), shop.business.id]))
        assert refused == "parts_follow_each_other"
    assert busy(shop) == before


def test_a_visit_that_does_not_fit_stays_where_it_was(shop: Shop, anna: Staff, cut: Service, wash: Service) -> None:
    booked_visit(shop, anna, wash, cut)
    assert hold_visit(shop, Part(wash, shop.at("12:20"), anna))[0] == "done"
    before = busy(shop)
    refused = run(shop.employees, (RESCHEDULE.format(which="TRUE"), [minutes(120), shop.business.id]))
    assert refused == "one_staff_one_place"
    assert busy(shop) == before


CANCEL = "UPDATE appointments SET status = 'canceled' WHERE business_id = %s AND {which}"


def test_customers_cancel_a_visit_whole_and_staff_also_a_part(
    shop: Shop, anna: Staff, cut: Service, wash: Service
) -> None:
    booked_visit(shop, anna, wash, cut)
    guest = shop.public.with_(cancellation_token="token")
    assert run(guest, (CANCEL.format(which="part = 2"), [shop.business.id])) == "customers_cancel_whole_visits"
    assert len(busy(shop)) == 2
    assert run(shop.employees, (CANCEL.format(which="part = 2"), [shop.business.id])) == "done"
    assert len(busy(shop)) == 1
    assert run(guest, (CANCEL.format(which="status = 'confirmed'"), [shop.business.id])) == "done"
    assert busy(shop) == []


def test_the_deadline_of_every_part_counts_from_the_start_of_the_visit(
    shop: Shop, anna: Staff, cut: Service, wash: Service
) -> None:
    booked_visit(shop, anna, wash, cut)
    first = datetime.now(UTC).replace(second=0, microsecond=0)
    first += minutes(5 - first.minute % 5) + timedelta(hours=23, minutes=50)
    values = [first - shop.at("10:00"), shop.business.id]
    assert run(shop.employees, (RESCHEDULE.format(which="TRUE"), values)) == "done"
    guest = shop.public.with_(cancellation_token="token")
    # This part begins in more than a day, the visit in less.
    refused = run(guest, (CANCEL.format(which="part = 2"), [shop.business.id]))
    assert refused == "before_the_agreed_deadline"


@pytest.mark.race
def test_visits_that_want_the_same_people_never_lock_each_other_out(shop: Shop) -> None:
    people = {slug: shop.person(slug) for slug in ("anna", "bob")}
    services = {slug: shop.service(f"by-{slug}", staff=[slug]) for slug in people}
    start = shop.at("10:00")

    def hold(number: int) -> str:
        order = ["anna", "bob"] if number % 2 else ["bob", "anna"]
        parts = [Part(services[slug], start + minutes(30 * n), people[slug]) for n, slug in enumerate(order)]
        return hold_visit(shop, *parts)[0]

    assert race(40, hold) == {"done": 2, "one_staff_one_place": 38}
