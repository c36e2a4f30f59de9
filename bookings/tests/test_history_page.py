"""The history in the back office: sentences, timelines, filters and a search, each for the business's own people alone."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg.types.json import Jsonb

from audit.models import AuditLog
from bookings import operations
from bookings.contact import Contact
from bookings.history.sentences import Sentences
from bookings.models import Appointment
from bookings.rules.reasons import Override
from businesses.models import User
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.database import raw

Pages = Callable[[User], Client]
HISTORY = "/admin/audit/auditlog/"
STRANGER = "0f3a9c1e-6a5d-4a86-9a51-2d8c5d0f6b11"


def shown(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def listed(browser: Client, **query: str) -> list[str]:
    """Return the sentences of the list."""
    response = browser.get(HISTORY, query)
    assert response.status_code == 200
    return [entry.words.sentence for entry in response.context["cl"].result_list]


def rescheduled(shop: Shop, appointment: Appointment, clock: str) -> Appointment:
    with acting_as(shop.employees):
        return operations.reschedule_appointment(
            appointment=appointment, start=shop.at(clock), version=appointment.version, at=now()
        )


def timeline(appointment: Appointment) -> str:
    return reverse("admin:bookings_appointment_history", args=[appointment.pk])


def write_entry(
    shop: Shop, entity: str, action: str, before: Any, after: Any, entity_id: UUID | None = None
) -> AuditLog:
    """Write an entry as a trigger of another table would, by an operator; committed."""
    snapshots = [each and Jsonb(each) for each in (before, after)]
    values = [shop.business.id, entity, entity_id or uuid4(), action, *snapshots]
    with raw("owner") as owner:
        owner.execute("SELECT write_history(%s, %s, %s, %s, %s::jsonb, %s::jsonb)", values)
    with acting_as(shop.owners), transaction.atomic():
        return AuditLog.objects.filter(business_id=shop.business.id, entity=entity).latest("id")


# Sentences


def test_each_change_is_a_sentence_with_names_and_local_times(shop: Shop, pages: Pages) -> None:
    booked = shop.book(shop.at("10:00"), shop.service(staff=["anna"]))
    with acting_as(shop.employees):
        operations.cancel_appointment(appointment=rescheduled(shop, booked, "11:00"), version=2, at=now(), reason="ill")
    day = f"{shop.at().astimezone(shop.business.zone):%a %-d %b %Y}"
    assert listed(pages(shop.owner))[:3] == [
        f"Ewa canceled {booked.reference}: Cut, {day}, 11:00",
        f"Ewa rescheduled {booked.reference} from {day}, 10:00 to 11:00",
        f"Gino (guest) booked {booked.reference}: Cut with Anna, {day}, 10:00",
    ]


def test_rescheduling_to_another_day_service_and_person_says_all_of_it(shop: Shop, pages: Pages) -> None:
    wash = shop.service("wash", staff=["bob"])
    booked = shop.book(shop.at("10:00"), shop.service(staff=["anna"]))
    with acting_as(shop.employees):
        operations.reschedule_appointment(
            appointment=booked, start=shop.at("10:00", days=4), service=wash, version=1, at=now()
        )
    said = listed(pages(shop.owner))[0]
    assert f"to {shop.at(days=4).astimezone(shop.business.zone):%a %-d %b %Y}, 10:00" in said
    assert said.endswith("from Cut to Wash, from Anna to Bob")


def test_places_and_resources_are_named(shop: Shop, pages: Pages) -> None:
    hall, cellar = shop.resource("hall"), shop.resource("cellar")
    yoga = shop.service("yoga", staff=["anna"], needs=["room"], is_group=True, max_simultaneous_bookings=6)
    booked = shop.book_by_staff(shop.at("10:00"), yoga, places=3, resources=[hall])
    with acting_as(shop.employees):
        operations.reschedule_appointment(
            appointment=booked, start=shop.at("10:00"), version=1, at=now(), resources=[cellar]
        )
    day, browser = f"{shop.at().astimezone(shop.business.zone):%a %-d %b %Y}", pages(shop.owner)
    said = listed(browser)
    assert said[:2] == [
        f"Ewa rescheduled {booked.reference} from Hall to Cellar",
        f"Ewa booked {booked.reference}: Yoga with Anna, Hall, 3 places, {day}, 10:00",
    ]
    assert any(sentence.endswith("added resource need of Yoga: room") for sentence in said)
    assert "resources: Hall → Cellar" in shown(browser.get(timeline(booked)))


def test_outcomes_are_put_into_words(shop: Shop, pages: Pages) -> None:
    begun = shop.book_by_staff(shop.at("10:00", days=-1), overrides=list(Override))
    with acting_as(shop.employees):
        done = operations.complete_appointment(appointment=begun, version=1, at=now())
        operations.mark_no_show(appointment=done, version=2, at=now())
    assert listed(pages(shop.owner))[:2] == [
        f"Ewa marked {begun.reference} as no-show",
        f"Ewa marked {begun.reference} as completed",
    ]


@pytest.mark.parametrize(
    ("entity", "action", "before", "after", "sentence"),
    [
        ("service", "changed", {"name": "Haircut", "price_cents": 2500, "version": 1},
         {"name": "Haircut", "price_cents": 2700, "version": 2}, "changed service Haircut: price €25.00 → €27.00"),
        ("service", "changed", {"name": "Cut", "duration_minutes": 30, "is_active": True},
         {"name": "Cut", "duration_minutes": 45, "is_active": False},
         "changed service Cut: duration 30 min → 45 min, active yes → no"),
        ("availability", "added", None, {"staff_id": None, "weekday": 0, "opens": 540, "closes": 780},
         "added hours of the business, Monday 09:00–13:00"),
        ("availability", "removed", {"staff_id": None, "weekday": None, "first_date": "2026-12-24",
                                     "last_date": "2026-12-26", "opens": None, "closes": None}, None,
         "removed hours of the business, 2026-12-24 to 2026-12-26 closed"),
        ("membership", "added", None, {"user_id": STRANGER, "role": "staff"}, "added access of someone who left"),
        ("account", "password_changed", {"name": "Ewa"}, {"name": "Ewa"}, "changed the password of account Ewa"),
        ("gift_card", "blown_up", {"size": 1}, {"size": [2, 3]}, "blown up gift card: size 1 → 2, 3"),
        ("gift_card", "sold", None, None, "sold gift card"),
    ],
)  # fmt: skip
def test_other_things_are_put_into_words_too_known_or_not(
    entity: str, action: str, before: Any, after: Any, sentence: str, shop: Shop
) -> None:
    entry = AuditLog(
        entity=entity, entity_id=uuid4(), action=action, before=before, after=after,
        actor_kind="user", actor=str(shop.owner.id), actor_role="owner", at=now(),
    )  # fmt: skip
    with acting_as(shop.owners):
        assert Sentences.of([entry], currency="EUR", locale="en").sentence(entry) == f"Olga {sentence}"


@pytest.mark.parametrize(
    ("kind", "actor", "role", "who"),
    [
        ("user", STRANGER, "staff", "A former colleague"),
        ("user", STRANGER, "owner", "A former owner"),
        ("user", STRANGER, "customer", "A customer"),
        ("user", STRANGER, "", "Someone who is gone"),
        ("user", "not an id", "", "Someone who is gone"),
        ("guest", "guest", "", "A guest"),
        ("public", "public", "", "A visitor"),
        ("worker", "rhivo_worker", "", "Rhivo itself"),
        ("worker", "rhivo_worker", "owner", "An operator"),
        ("database", "postgres", "", "The database login postgres"),
    ],
)
def test_a_person_who_is_not_known_by_name_is_named_by_their_role(
    kind: str, actor: str, role: str, who: str, shop: Shop
) -> None:
    entry = AuditLog(entity="x", entity_id=uuid4(), action="changed", actor_kind=kind, actor=actor, actor_role=role)
    with acting_as(shop.owners):
        assert Sentences.of([entry], currency="EUR", locale="en").who(entry) == who


def test_a_customer_is_named_as_on_the_booking(shop: Shop, pages: Pages) -> None:
    shop.commit(shop.hold(shop.at(), claims=shop.customers), Contact("Carla Bruni"), claims=shop.customers)
    assert listed(pages(shop.owner))[0].startswith("Carla Bruni booked ")


# The list


def test_a_longer_list_asks_no_more_of_the_database(shop: Shop, pages: Pages) -> None:
    shop.service(staff=["anna", "bob"], max_simultaneous_bookings=9)
    browser = pages(shop.owner)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(HISTORY).status_code == 200
        return len(captured)

    shop.book_by_staff(shop.at("08:00"))
    few = queries()
    for clock, later in (("09:00", "15:00"), ("10:00", "16:00"), ("11:00", "17:00")):
        rescheduled(shop, shop.book_by_staff(shop.at(clock)), later)
    assert queries() == few
    assert few <= 22


@pytest.mark.django_db(transaction=True)
def test_an_entry_leads_to_its_thing_and_one_of_a_thing_that_is_gone_does_not(shop: Shop, pages: Pages) -> None:
    service = shop.service()
    there = write_entry(shop, "service", "changed", {"name": "Cut"}, {"name": "Cut", "position": 3}, service.id)
    gone = write_entry(shop, "staff", "removed", {"name": "Zoe"}, None)
    unknown = write_entry(shop, "gift_card", "added", None, {"name": "Ten euros"})
    browser = pages(shop.owner)
    text = shown(browser.get(HISTORY))
    assert reverse("admin:businesses_service_change", args=[service.pk]) in text
    assert reverse("admin:businesses_staff_change", args=[gone.entity_id]) not in text
    for entry, said in ((there, "Service Cut"), (gone, "Staff Zoe"), (unknown, "Gift card Ten euros")):
        assert said in shown(browser.get(reverse("admin:audit_auditlog_change", args=[entry.pk])))


@pytest.mark.django_db(transaction=True)
def test_filters_narrow_by_date_thing_action_and_person(shop: Shop, pages: Pages) -> None:
    booked = shop.book(shop.at("10:00"))
    rescheduled(shop, booked, "11:00")
    write_entry(shop, "gift_card", "added", None, {"name": "Ten euros"})
    browser = pages(shop.owner)
    assert len(listed(browser)) == len(listed(browser, when="today")) > 3
    assert listed(browser, when="yesterday") == []
    assert [said.split()[-2:] for said in listed(browser, entity="gift_card")] == [["Ten", "euros"]]
    assert len(listed(browser, entity="appointment")) == 2
    assert [said.split()[:2] for said in listed(browser, action="rescheduled")] == [["Ewa", "rescheduled"]]
    assert [said.split()[:2] for said in listed(browser, who=str(shop.employee.id))] == [["Ewa", "rescheduled"]]
    assert [said.split()[0] for said in listed(browser, who="customers")] == ["Gino"]
    assert len(listed(browser, who="system")) == 1
    assert {said.split()[0] for said in listed(browser, who=str(shop.owner.id))} == {"Olga"}
    for field in ("when", "entity", "action", "who"):
        assert listed(browser, **{field: "no\0thing"}) == []


def test_the_search_finds_by_reference_id_request_reason_and_date(shop: Shop, pages: Pages) -> None:
    one, two = shop.book(shop.at("10:00")), shop.book(shop.at("11:00"))
    browser = pages(shop.employee)
    address = reverse("admin:bookings_appointment_cancel", args=[two.pk])
    canceled = browser.post(address, {"version": "1", "reason": "has the flu"})
    today = now().astimezone(shop.business.zone).date().isoformat()
    assert all(one.reference in said for said in listed(browser, q=one.reference))
    assert len(listed(browser, q=f" {one.reference.lower()} ")) == len(listed(browser, q=one.reference[4:])) == 1
    assert len(listed(browser, q=str(two.id))) == 2
    assert len(listed(browser, q=canceled.headers["X-Request-ID"])) == 1
    assert len(listed(browser, q="the flu")) == 1
    assert len(listed(browser, q=today)) == 3
    for nothing in ("RHV-222-222", str(uuid4()), "2020-01-01", "9999-12-31", "0001-01-01", "%", "nothing"):
        assert listed(browser, q=nothing) == [], nothing


@pytest.mark.django_db(transaction=True)
def test_another_tenants_history_stays_unseen_in_list_filters_search_and_pages(
    shop: Shop, other_shop: Shop, pages: Pages
) -> None:
    theirs = other_shop.book(other_shop.at("10:00"))
    entry = write_entry(other_shop, "secret_thing", "hidden_deed", None, {"name": "Hush"})
    browser = pages(shop.owner)
    assert not [said for said in listed(browser) if theirs.reference in said or "Hush" in said]
    for query in ({"q": theirs.reference}, {"q": str(theirs.id)}, {"entity": "secret_thing"},
                  {"who": str(other_shop.employee.id)}, {"action": "hidden_deed"}):  # fmt: skip
        text = shown(browser.get(HISTORY, query))
        assert listed(browser, **query) == []
        for secret in ("Hush", "secret_thing", "Secret thing", "Hidden action", str(other_shop.employee.id)):
            assert secret not in text or secret in query.values()
    for address in (reverse("admin:audit_auditlog_change", args=[entry.pk]), timeline(theirs)):
        answer = browser.get(address)
        assert answer.status_code == 404
        assert theirs.reference not in answer.content.decode()


def test_a_customer_reaches_no_history(shop: Shop, pages: Pages) -> None:
    booked = shop.book(shop.at("10:00"))
    for address in (HISTORY, timeline(booked)):
        assert pages(shop.customer).get(address).status_code == 302


# The timeline of one appointment


def test_an_appointments_page_leads_to_its_own_timeline(shop: Shop, pages: Pages) -> None:
    booked, other = shop.book(shop.at("10:00")), shop.book(shop.at("12:00"))
    rescheduled(shop, booked, "11:00")
    for person in (shop.employee, shop.owner):
        browser = pages(person)
        assert timeline(booked) in shown(browser.get(reverse("admin:bookings_appointment_change", args=[booked.pk])))
        text = shown(browser.get(timeline(booked)))
        assert text.index("Gino (guest) booked") < text.index(f"Ewa rescheduled {booked.reference}")
        assert f"{booked.reference} from" in text
        assert other.reference not in text


def test_a_timeline_escapes_what_people_wrote(shop: Shop, pages: Pages) -> None:
    booked = shop.book(shop.at("10:00"))
    with acting_as(shop.employees):
        operations.cancel_appointment(appointment=booked, version=1, at=now(), reason="<b>ill</b>")
    text = shown(pages(shop.owner).get(timeline(booked)))
    assert "&lt;b&gt;ill" in text
    assert "<b>ill" not in text


def test_a_longer_timeline_asks_no_more_of_the_database(shop: Shop, pages: Pages) -> None:
    booked, browser = shop.book_by_staff(shop.at("08:00"), shop.service(staff=["anna"])), pages(shop.owner)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(timeline(booked)).status_code == 200
        return len(captured)

    few = queries()
    for clock in ("09:00", "10:00", "11:00"):
        booked = rescheduled(shop, booked, clock)
    assert queries() == few


def test_the_history_of_a_setting_is_looked_up_by_its_id(shop: Shop, pages: Pages) -> None:
    service = shop.service()
    answer = pages(shop.owner).get(reverse("admin:businesses_service_history", args=[service.pk]))
    assert answer.headers["Location"] == f"{HISTORY}?q={service.pk}"


def test_the_pages_have_no_inline_script_or_style_of_their_own(shop: Shop, pages: Pages) -> None:
    booked = shop.book(shop.at("10:00"))
    browser = pages(shop.owner)
    with acting_as(shop.owners):
        entry = AuditLog.objects.filter(business_id=shop.business.id).latest("id")
    for address in (timeline(booked), reverse("admin:audit_auditlog_change", args=[entry.pk])):
        main = shown(browser.get(address)).partition('id="content"')[2].partition("</main>")[0]
        assert " style=" not in main
        assert "<script>" not in main
