"""The history of rooms, places and processing time in words."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditLog
from bookings import operations
from bookings.history.sentences import Sentences
from bookings.history.snapshots import appointment_as_it_was, history_of
from bookings.models import Appointment
from businesses.models import ServiceResource
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import Shop

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "0f3a9c1e-6a5d-4a86-9a51-2d8c5d0f6b11"


def entry_of(shop: Shop, entity: str, action: str, before: Any, after: Any) -> AuditLog:
    return AuditLog(
        entity=entity, entity_id=uuid4(), action=action, before=before, after=after,
        actor_kind="user", actor=str(shop.owner.id), actor_role="owner", at=now(),
    )  # fmt: skip


def said(shop: Shop, *entries: AuditLog) -> list[str]:
    with acting_as(shop.owners), transaction.atomic(), timezone.override(shop.business.zone):
        sentences = Sentences.of(entries, currency="EUR", locale="en")
        return [sentences.sentence(entry) for entry in entries]


def told(shop: Shop, appointment: Appointment) -> list[str]:
    with acting_as(shop.owners), transaction.atomic():
        entries = list(history_of(appointment))
    return said(shop, *entries)


def test_a_booking_says_its_room_and_its_places(shop: Shop) -> None:
    shop.resource("room-1", name="Garden room")
    yoga = shop.service("yoga", staff=["anna"], needs=["room"], is_group=True, max_simultaneous_bookings=6)
    bath = shop.service("bath", needs=["room"])
    day = f"{shop.at().astimezone(shop.business.zone):%a %-d %b %Y}"
    family = shop.book_by_staff(shop.at("10:00"), yoga, places=3)
    alone = shop.book_by_staff(shop.at("12:00"), bath)
    assert told(shop, family) == [f"Ewa booked {family.reference}: Yoga with Anna, Garden room, 3 places, {day}, 10:00"]
    assert told(shop, alone) == [f"Ewa booked {alone.reference}: Bath, Garden room, {day}, 12:00"]


def test_rescheduling_to_another_room_says_so(shop: Shop) -> None:
    shop.resource("cabin", name="Cabin", kind="cabin")
    shop.resource("room-1", name="Room 1")
    bath, steam = shop.service("bath", needs=["room"]), shop.service("steam", needs=["cabin"])
    cut, day = shop.service("cut"), f"{shop.at().astimezone(shop.business.zone):%a %-d %b %Y}"
    booked = shop.book(shop.at("10:00"), bath)
    for version, (service, clock) in enumerate(((steam, "10:00"), (cut, "10:00"), (cut, "11:00")), start=1):
        with acting_as(shop.employees):
            booked = operations.reschedule_appointment(
                appointment=booked, start=shop.at(clock), service=service, version=version, at=now()
            )
    assert [sentence.partition(f" {booked.reference} ")[2] for sentence in told(shop, booked)[1:]] == [
        "from Bath to Steam, from Room 1 to Cabin",
        "from Steam to Cut, from Cabin to no resource",
        f"from {day}, 10:00 to 11:00",
    ]


def test_a_room_that_was_removed_since_is_not_taken_for_none(shop: Shop) -> None:
    room = shop.resource("room-1", name="Room 1")
    before = {"reference": "RHV-1", "resource_ids": [NOBODY], "starts_at": "2027-03-01T10:00:00+00:00"}
    entry = entry_of(shop, "appointment", "rescheduled", before, before | {"resource_ids": [str(room.id)]})
    assert said(shop, entry) == ["Olga rescheduled RHV-1 from someone or something that is gone to Room 1"]


@pytest.mark.parametrize(
    ("entity", "action", "before", "after", "sentence"),
    [
        ("resource", "added", None, {"name": "Room 1", "kind": "room"}, "added resource Room 1 (room)"),
        ("resource", "changed", {"name": "Room 1", "kind": "room", "max_simultaneous_bookings": 1},
         {"name": "Room 1", "kind": "room", "max_simultaneous_bookings": 2},
         "changed resource Room 1 (room): bookings at a time 1 → 2"),
        ("staff", "changed", {"name": "Anna", "max_simultaneous_bookings": 1},
         {"name": "Anna", "max_simultaneous_bookings": 3}, "changed staff Anna: bookings at a time 1 → 3"),
        ("service", "changed", {"name": "Cut", "is_group": False, "max_simultaneous_bookings": 1},
         {"name": "Cut", "is_group": False, "max_simultaneous_bookings": None},
         "changed service Cut: bookings at a time 1 → no number"),
        ("service", "changed", {"name": "Yoga", "is_group": True, "max_simultaneous_bookings": 8},
         {"name": "Yoga", "is_group": True, "max_simultaneous_bookings": 9}, "changed service Yoga: places 8 → 9"),
        ("service", "changed", {"name": "Colour", "processing_after_minutes": 0, "processing_minutes": 0},
         {"name": "Colour", "processing_after_minutes": 30, "processing_minutes": 40},
         "changed service Colour: processing begins after 0 min → 30 min, processing time 0 min → 40 min"),
        ("business", "changed", {"name": "Shop", "max_wait_minutes": 15}, {"name": "Shop", "max_wait_minutes": 0},
         "changed business Shop: longest wait 15 min → 0 min"),
        ("need", "removed", {"service_id": NOBODY, "kind": "room"}, None, "removed resource need of a service: room"),
    ],
)  # fmt: skip
def test_each_thing_has_words(entity: str, action: str, before: Any, after: Any, sentence: str, shop: Shop) -> None:
    assert said(shop, entry_of(shop, entity, action, before, after)) == [f"Olga {sentence}"]


def test_what_a_service_needs_is_told_by_name(shop: Shop) -> None:
    service = shop.service("massage", needs=["room"])
    with acting_as(shop.owners), transaction.atomic():
        need = ServiceResource.objects.get(service=service)
        entry = AuditLog.objects.get(business_id=shop.business.id, entity="need", entity_id=need.id)
    assert said(shop, entry)[0].endswith("added resource need of Massage: room")


def test_the_fields_of_a_booking_name_its_resources_and_no_bare_ids(shop: Shop) -> None:
    shop.resource("room-1", name="Room 1")
    booked = shop.book(shop.at("10:00"), shop.service("bath", needs=["room"]))
    with acting_as(shop.owners), transaction.atomic():
        entry = history_of(booked).get()
        changes = Sentences.of([entry], currency="EUR", locale="en").changes(entry)
    assert ("resources", "Room 1") in [(change.label, change.after) for change in changes]
    assert str(booked.visit_id) not in [change.after for change in changes if change.label != "reservation"]


def test_the_names_of_all_rooms_are_one_query(shop: Shop) -> None:
    for number in range(3):
        shop.resource(f"room-{number}")
    bath = shop.service("bath", needs=["room"], max_simultaneous_bookings=3)
    booked = [shop.book_by_staff(shop.at("10:00"), bath) for _ in range(3)]
    with acting_as(shop.owners), transaction.atomic():
        entries = list(AuditLog.objects.filter(entity_id__in=[each.id for each in booked]))
        counts = []
        for some in (entries[:1], entries):
            with CaptureQueriesContext(connection) as captured:
                Sentences.of(some, currency="EUR", locale="en")
            counts.append(len(captured))
    assert counts[0] == counts[1]


def test_an_appointment_as_it_was_has_its_resources_as_ids(shop: Shop) -> None:
    room = shop.resource("room-1")
    booked = shop.book(shop.at("10:00"), shop.service("bath", needs=["room"]))
    with acting_as(shop.owners), transaction.atomic():
        snapshot = history_of(booked).get().after or {}
    assert appointment_as_it_was(snapshot, shop.business, {}, {}).resource_ids == [room.id]
