"""The contract of slots, holds and appointments over HTTP; what is refused changes nothing."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bookings.models import Appointment, BusyTime
from businesses.models import Availability, Membership
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.api import Api, answered, refused
from rhivo.testing.database import raw
from rhivo.testing.shops import Shop
from rhivo.tokens import guest_token

pytestmark = pytest.mark.django_db
APPOINTMENT_FIELDS = {
    *("id", "reference", "business", "service", "staff", "start", "end", "timezone", "status", "version"),
    *("price_cents", "currency", "customer", "notes", "answers", "cancel_until", "reschedule_until", "created_at"),
}


@pytest.fixture
def api() -> Api:
    return Api()


def staff_of(shop: Shop) -> Api:
    return Api().as_(shop.employee, role="staff", business_id=shop.business.id)


def customer_of(shop: Shop) -> Api:
    return Api().as_(shop.customer)


def guest_of(appointment: Appointment) -> Api:
    token = guest_token(appointment.reservation_id or appointment.id)
    return Api().with_token(answered(Api().post("/api/v1/auth/guest/", {"cancellation_token": token}))["access"])


def path_of(appointment: Appointment, action: str = "") -> str:
    return f"/api/v1/appointments/{appointment.id}/{action}"


def state(shop: Shop) -> list[Any]:
    """Return everything about a business's bookings that a refused request could have changed."""
    with acting_as(shop.employees):
        claims = BusyTime.objects.filter(business_id=shop.business.id).values_list("source_id", "during", "staff_id")
        rows = Appointment.objects.filter(business=shop.business).values_list("id", "version", "status", "starts_at")
        return sorted([*claims, *rows], key=str)


def ask_hold(shop: Shop, start: datetime, **fields: Any) -> dict[str, Any]:
    return {"service": shop.service().slug, "start": start.isoformat()} | fields


# Slots


def test_slots_list_every_day_of_the_range_once(shop: Shop, api: Api) -> None:
    shop.service()
    first = shop.at(days=1).date()
    with shop.changes():
        Availability.objects.filter(business=shop.business, weekday=(first + timedelta(days=2)).weekday()).delete()
    last = first + timedelta(days=9)
    body = answered(api.get(f"{shop.api}/slots/", service="cut", **{"from": first, "to": last}))
    assert body["timezone"] == "Europe/Rome"
    assert [day["date"] for day in body["days"]] == [(first + timedelta(days=n)).isoformat() for n in range(10)]
    assert body["days"][2]["slots"] == body["days"][9]["slots"] == []
    assert set(body["days"][3]["slots"][0]) == {"start", "end", "remaining", "staff"}


def test_slots_are_shown_in_the_zone_of_the_business(other_shop: Shop, api: Api) -> None:
    other_shop.service()
    day = other_shop.at(days=3).date()
    body = answered(api.get(f"{other_shop.api}/slots", service="cut", **{"from": day, "to": day}))
    first = datetime.fromisoformat(body["days"][0]["slots"][0]["start"])
    assert (first.hour, first.utcoffset()) == (
        8,
        other_shop.at("08:00").astimezone(other_shop.business.zone).utcoffset(),
    )


def test_unavailable_times_come_with_one_reason_each_when_asked_for(shop: Shop, api: Api) -> None:
    shop.hold(shop.at("10:00"))
    day = shop.at("10:00").date()
    query = {"service": "cut", "from": day, "to": day}
    offered = answered(api.get(f"{shop.api}/slots/", **query))["days"][0]["slots"]
    every = answered(api.get(f"{shop.api}/slots/", **query, include="unavailable"))["days"][0]["slots"]
    assert [slot for slot in every if "reason" not in slot] == offered
    full = [slot for slot in every if slot.get("reason") == "FULL"]
    assert [datetime.fromisoformat(slot["start"]) for slot in full] == [shop.at("10:00")]
    assert all(slot["remaining"] == 0 for slot in every if "reason" in slot)


def test_slots_take_a_service_and_a_person_by_id_or_slug(shop: Shop, api: Api) -> None:
    service, anna = shop.service(staff=["anna", "bob"]), shop.person("anna")
    day = shop.at().date()
    bodies = [
        answered(api.get(f"{shop.api}/slots/", service=s, staff=p, **{"from": day, "to": day}))
        for s, p in (("cut", "anna"), (service.id, anna.id), (str(service.id).upper(), "anna"))
    ]
    assert bodies[0] == bodies[1] == bodies[2]
    assert {tuple(slot["staff"]) for slot in bodies[0]["days"][0]["slots"]} == {("anna",)}


def test_at_most_62_days_are_searched(shop: Shop, api: Api) -> None:
    shop.service()
    first = shop.at().date()
    query = {"service": "cut", "from": first}
    assert len(answered(api.get(f"{shop.api}/slots/", **query, to=first + timedelta(days=61)))["days"]) == 62
    too_long = refused(api.get(f"{shop.api}/slots/", **query, to=first + timedelta(days=62)), 400, "MALFORMED")
    assert "to" in too_long["errors"]
    refused(api.get(f"{shop.api}/slots/", **query, to=first - timedelta(days=1)), 400, "MALFORMED")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": None}, "from"),
        ({"service": None}, "service"),
        ({"from": "tomorrow"}, "from"),
        ({"from": "2027-02-30"}, "from"),
        ({"include": "everything"}, "include"),
        ({"duration": "5"}, "duration"),
        ({"service": "x" * 64}, "service"),
        ({"service": "a\0b"}, "service"),
    ],
)
def test_slots_refuse_a_query_that_cannot_be_read(changes: dict[str, Any], field: str, shop: Shop, api: Api) -> None:
    shop.service()
    query = {"service": "cut", "from": shop.at().date(), "to": shop.at().date()} | changes
    given = {name: value for name, value in query.items() if value is not None}
    assert field in refused(api.get(f"{shop.api}/slots/", **given), 400, "MALFORMED")["errors"]


@pytest.mark.parametrize(("first", "last"), [("0001-01-01", "0001-01-03"), ("9999-12-29", "9999-12-31")])
@pytest.mark.parametrize("zone", ["Europe/Rome", "America/New_York"])
def test_slots_at_the_ends_of_the_calendar_are_empty_days(
    first: str, last: str, zone: str, shops: Callable[..., Shop], api: Api
) -> None:
    shop = shops(timezone=zone)
    shop.service(buffer_before_minutes=30)
    body = answered(api.get(f"{shop.api}/slots/", service="cut", **{"from": first, "to": last}))
    assert [(day["date"][-2:], day["slots"]) for day in body["days"]] == [
        (f"{int(first[-2:]) + n:02}", []) for n in range(3)
    ]


def test_a_search_takes_few_queries_however_many_days_and_people(
    shop: Shop, api: Api, django_assert_max_num_queries: Any
) -> None:
    shop.service(staff=["anna", "bob", "carla"])
    for days in range(2, 6):
        shop.book_by_staff(shop.at(days=days))
    first = shop.at(days=0).date()
    with django_assert_max_num_queries(11):
        answered(api.get(f"{shop.api}/slots/", service="cut", **{"from": first, "to": first + timedelta(days=60)}))


# Holds


def test_a_hold_is_made_read_and_released_twice(shop: Shop, api: Api) -> None:
    shop.service(staff=["anna"])
    made = answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201)
    assert set(made) == {"id", "service", "staff", "start", "end", "expires_at"}
    assert made["service"] == {"id": str(shop.service().id), "slug": "cut", "name": "Cut"}
    assert made["staff"]["slug"] == "anna"
    assert datetime.fromisoformat(made["start"]) == shop.at()
    assert datetime.fromisoformat(made["end"]) == shop.at("10:30")
    path = f"{shop.api}/reservations/{made['id']}"
    assert answered(api.get(path)) == answered(api.get(f"{path}/")) == made
    assert [api.delete(f"{path}/").status_code, api.delete(path).status_code] == [204, 204]
    assert state(shop) == []
    refused(api.get(path), 410, "HOLD_EXPIRED")


def test_a_full_slot_names_up_to_three_alternatives(shop: Shop, api: Api) -> None:
    shop.hold(shop.at("10:00"))
    before = state(shop)
    problem = refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at("10:00"))), 409, "SLOT_UNAVAILABLE")
    assert [datetime.fromisoformat(start) for start in problem["alternatives"]] == [
        *(shop.at("09:30"), shop.at("10:30"), shop.at("09:00"))
    ]
    assert state(shop) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"end": "2030-01-01T10:00:00Z"}, "end"),
        ({"duration_minutes": 5}, "duration_minutes"),
        ({"price_cents": 0}, "price_cents"),
        ({"customer": str(uuid4())}, "customer"),
        ({"expires_at": "2030-01-01T10:00:00Z"}, "expires_at"),
        ({"start": "2030-01-01T10:00:00"}, "start"),
        ({"start": "2030-01-01"}, "start"),
        ({"start": 1893492000}, "start"),
        ({"start": None}, "start"),
        ({"start": []}, "start"),
        ({"service": None}, "service"),
        ({"service": {}}, "service"),
        ({"service": "a\0b"}, "service"),
        ({"service": "\ud800"}, "service"),
        ({"staff": ["anna"]}, "staff"),
    ],
)
def test_a_hold_refuses_what_it_does_not_know_and_wrong_types(
    changes: dict[str, Any], field: str, shop: Shop, api: Api
) -> None:
    problem = refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at()) | changes), 400, "MALFORMED")
    assert list(problem["errors"]) == [field]
    assert state(shop) == []


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "[]", '"text"', "null", "7", '{"service": NaN}', b"\xff\xfe", '{"a": 1}' * 2),
        "[" * 100_000,
        '{"service": ' * 5_000,
        '{"start": ' + "9" * 5000 + "}",
    ],
)
def test_garbage_is_malformed(body: str | bytes, shop: Shop, api: Api) -> None:
    shop.service()
    refused(api.post(f"{shop.api}/reservations/", body), 400, "MALFORMED")
    assert state(shop) == []


def test_a_body_larger_than_any_request_needs_is_refused(shop: Shop, api: Api) -> None:
    shop.service()
    body = ask_hold(shop, shop.at()) | {"staff": "x" * 300_000}
    refused(api.post(f"{shop.api}/reservations/", body), 413, "TOO_LARGE")
    assert state(shop) == []


def test_another_media_type_is_refused(shop: Shop, api: Api) -> None:
    response = api.client.post(f"{shop.api}/reservations/", {"service": "cut"}, headers={"Idempotency-Key": "k" * 9})
    refused(response, 415, "MALFORMED")


@pytest.mark.parametrize("start", ["10:00:30", "10:01:00", "10:10:00", "10:00:00.5"])
def test_a_start_off_the_grid_is_refused_not_rounded(start: str, shop: Shop, api: Api) -> None:
    when = f"{shop.at().date()}T{start}+00:00"
    refused(api.post(f"{shop.api}/reservations/", {"service": shop.service().slug, "start": when}), 422, "OFF_GRID")
    assert state(shop) == []


@pytest.mark.parametrize(
    "start",
    [
        *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "0002-01-01T00:00:00Z"),
        *("9999-12-31T23:55:00Z", "9999-12-31T23:55:00-14:00", "9998-12-31T23:55:00Z", "9999-01-01T00:00:00Z"),
    ],
)
def test_a_start_at_the_ends_of_the_calendar_is_refused(start: str, shop: Shop, api: Api) -> None:
    response = api.post(f"{shop.api}/reservations/", {"service": shop.service().slug, "start": start})
    assert response.status_code in (400, 422), response.content
    refused(response, response.status_code, response.json()["code"])
    assert state(shop) == []


def next_open(shop: Shop) -> datetime:
    """Return a start within the next 24 hours at which the shop is open."""
    starts = (shop.at(f"{hour:02}:00", days=days) for days in (0, 1) for hour in range(8, 20))
    return next(start for start in starts if start > now() + timedelta(minutes=5))


def test_each_rule_about_starts_has_its_code(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(min_notice_minutes=24 * 60)
    shop.service(staff=["anna"])
    closed, broken = shop.at(days=5).date(), shop.at(days=6).date()
    with shop.changes():
        for day, opens, closes in ((closed, None, None), (broken, 540, 600), (broken, 660, 720)):
            Availability.objects.create(
                business=shop.business, first_date=day, last_date=day, opens=opens, closes=closes
            )
        Availability.objects.create(
            business=shop.business, staff=shop.person("anna"), first_date=shop.at(days=7).date(),
            last_date=shop.at(days=7).date(),
        )  # fmt: skip
    expected = {
        "CLOSED": shop.at(days=5),
        "BREAK": shop.at("10:30", days=6),
        "OUTSIDE_HOURS": shop.at("07:30"),
        "PAST": shop.at(days=-2),
        "TOO_SOON": next_open(shop),
        "TOO_FAR": shop.at(days=70),
        "STAFF_UNAVAILABLE": shop.at(days=7),
    }
    got = {}
    for code, start in expected.items():
        got[code] = refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, start)), 422, code)["code"]
    assert list(got) == list(expected)
    assert state(shop) == []


@pytest.mark.parametrize("key", ["", "short", "x" * 129, "tab\there!", "ünprintable-key"])
def test_a_hold_and_an_appointment_need_a_good_key(key: str, shop: Shop, api: Api) -> None:
    hold = shop.hold(shop.at())
    before = state(shop)
    problem = refused(
        api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at("12:00")), key=key), 400, "MALFORMED"
    )
    assert "Idempotency-Key" in problem["errors"]
    refused(api.post(f"{shop.api}/appointments/", {"reservation": str(hold.id)}, key=key), 400, "MALFORMED")
    staff = staff_of(shop)
    booking = ask_hold(shop, shop.at("12:00"), customer={"name": "Gino"})
    refused(staff.post("/api/v1/appointments/", booking, key=key), 400, "MALFORMED")
    assert state(shop) == before


def test_the_same_key_gives_the_same_hold_and_another_request_a_refusal(shop: Shop, other_shop: Shop, api: Api) -> None:
    other_shop.service()
    first = answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at()), key="the-same-key"), 201)
    again = answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at()), key="the-same-key"), 200)
    assert again == first
    before = state(shop)
    other = ask_hold(shop, shop.at("12:00"))
    refused(api.post(f"{shop.api}/reservations/", other, key="the-same-key"), 422, "IDEMPOTENCY_MISMATCH")
    assert state(shop) == before
    elsewhere = ask_hold(other_shop, other_shop.at())
    answered(api.post(f"{other_shop.api}/reservations/", elsewhere, key="the-same-key"), 201)


def test_a_released_hold_frees_its_key(shop: Shop, api: Api) -> None:
    body = ask_hold(shop, shop.at())
    first = answered(api.post(f"{shop.api}/reservations/", body, key="the-same-key"), 201)
    api.delete(f"{shop.api}/reservations/{first['id']}/")
    second = answered(api.post(f"{shop.api}/reservations/", body, key="the-same-key"), 201)
    assert second["id"] != first["id"]


def test_what_is_anothers_or_nobodys_is_not_found_in_one_shape(shop: Shop, other_shop: Shop, api: Api) -> None:
    theirs = other_shop.hold(other_shop.at(), other_shop.service(staff=["zoe"]))
    shop.service(staff=["anna"])
    bodies = [
        refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at(), service=service)), 404, "NOT_FOUND")
        for service in (str(other_shop.service().id), str(uuid4()), "nope")
    ]
    people = [
        refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at(), staff=staff)), 404, "NOT_FOUND")
        for staff in (str(other_shop.person("zoe").id), str(uuid4()), "zoe")
    ]
    holds = [
        refused(call(f"{shop.api}/reservations/{hold}/"), 404, "NOT_FOUND")
        for hold in (theirs.id, uuid4())
        for call in (api.get, api.delete)
    ]
    commits = [
        refused(api.post(f"{shop.api}/appointments/", {"reservation": str(hold), "name": "X"}), 404, "NOT_FOUND")
        for hold in (theirs.id, uuid4())
    ]
    for same in (bodies, people, holds, commits):
        assert all(body == same[0] for body in same)
    assert state(shop) == []


@pytest.mark.parametrize("subdomain", ["nobody-here", "a" * 300, "%00", "%F0%9F%92%A9", "..%2f", "a'b", "%ff"])
def test_no_such_business_is_not_found(subdomain: str, api: Api, db: None) -> None:
    for end in ("", "/services", "/staff", f"/reservations/{uuid4()}"):
        refused(api.get(f"/api/v1/businesses/{subdomain}{end}/"), 404, "NOT_FOUND")


def test_paths_that_are_none_and_methods_that_are_none_are_problems(shop: Shop, api: Api) -> None:
    refused(api.get("/api/v1/nothing/"), 404, "NOT_FOUND")
    refused(api.get(f"{shop.api}/reservations/not-an-id/"), 404, "NOT_FOUND")
    refused(api.get(f"/api/v1/appointments/{'9' * 400}/"), 404, "NOT_FOUND")
    refused(api.client.put(f"{shop.api}/reservations/"), 405, "MALFORMED")


def test_a_closed_down_business_is_not_found(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(is_active=False)
    refused(api.get(f"{shop.api}/"), 404, "NOT_FOUND")
    refused(api.get(f"{shop.api}/services/"), 404, "NOT_FOUND")


def test_an_inactive_service_or_person_is_not_found(shop: Shop, api: Api) -> None:
    shop.service("gone", is_active=False)
    refused(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at(), service="gone")), 404, "NOT_FOUND")
    assert state(shop) == []


# Appointments of guests and customers


def test_a_guest_books_and_gets_a_token_that_a_retry_shows_again(shop: Shop, api: Api) -> None:
    hold = shop.hold(shop.at())
    body = {"reservation": str(hold.id), "name": "Gino", "email": "GINO@Example.com ", "phone": "06 1234567"}
    response = api.post(f"{shop.api}/appointments/", body, key="a-good-key")
    made = answered(response, 201)
    assert set(made) == APPOINTMENT_FIELDS | {"cancellation_token"}
    assert response.headers["ETag"] == '"1"'
    assert made["customer"] == {"name": "Gino", "email": "gino@example.com", "phone": "+39061234567"}
    assert (made["status"], made["version"], made["price_cents"], made["currency"]) == ("confirmed", 1, 2500, "EUR")
    assert made["business"] == shop.business.subdomain
    assert datetime.fromisoformat(made["cancel_until"]) == shop.at() - timedelta(hours=24)
    assert answered(api.post(f"{shop.api}/appointments/", body, key="a-good-key")) == made
    assert answered(api.post(f"{shop.api}/appointments/", body, key="another-key")) == made
    before = state(shop)
    refused(
        api.post(f"{shop.api}/appointments/", body | {"name": "Eve"}, key="a-good-key"), 422, "IDEMPOTENCY_MISMATCH"
    )
    assert state(shop) == before
    answered(api.get(f"{shop.api}/reservations/{hold.id}/"))
    refused(api.delete(f"{shop.api}/reservations/{hold.id}/"), 409, "ILLEGAL_TRANSITION")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"email": ""}, 422, "CONTACT_REQUIRED"),
        ({"name": " "}, 422, "CONTACT_REQUIRED"),
        ({"email": "nonsense"}, 400, "MALFORMED"),
        ({"phone": "call me"}, 400, "MALFORMED"),
        ({"phone": "+0"}, 400, "MALFORMED"),
        ({"email": "a@b.example\nBcc: x@example.com"}, 400, "MALFORMED"),
        ({"start": "2030-01-01T10:00:00Z"}, 400, "MALFORMED"),
        ({"price_cents": 1}, 400, "MALFORMED"),
        ({"status": "completed"}, 400, "MALFORMED"),
        ({"reservation": "x"}, 400, "MALFORMED"),
        ({"reservation": None}, 400, "MALFORMED"),
        ({"name": "n" * 121}, 400, "MALFORMED"),
        ({"notes": "n" * 2001}, 400, "MALFORMED"),
        ({"notes": "nul \0"}, 400, "MALFORMED"),
        ({"answers": []}, 400, "MALFORMED"),
        ({"answers": {"shoe-size": "42"}}, 422, "ANSWERS_INVALID"),
    ],
)
def test_a_commit_that_is_not_as_asked_leaves_the_hold_as_it_is(
    changes: dict[str, Any], status: int, code: str, shop: Shop, api: Api
) -> None:
    hold = shop.hold(shop.at())
    before = state(shop)
    body = {"reservation": str(hold.id), "name": "Gino", "email": "gino@example.com"}
    refused(api.post(f"{shop.api}/appointments/", body | changes), status, code)
    assert state(shop) == before
    answered(api.post(f"{shop.api}/appointments/", body), 201)


QUESTIONS = [
    {"key": "allergies", "label": "Allergies?", "kind": "text", "required": True},
    {"key": "length", "label": "Length?", "kind": "choice", "choices": ["short", "long"]},
    {"key": "agreed", "label": "Agreed?", "kind": "checkbox"},
]


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({}, "allergies"),
        ({"allergies": ""}, "allergies"),
        ({"allergies": 7}, "allergies"),
        ({"allergies": "x" * 1001}, "allergies"),
        ({"allergies": "nul \0 byte"}, "allergies"),
        ({"allergies": "half a pair \ud800"}, "allergies"),
        ({"allergies": "none", "length": "middling"}, "length"),
        ({"allergies": "none", "length": ["short"]}, "length"),
        ({"allergies": "none", "length": 0}, "length"),
        ({"allergies": "none", "agreed": "yes"}, "agreed"),
        ({"allergies": "none", "agreed": 1}, "agreed"),
        ({"allergies": "none", "other": 1}, "other"),
    ],
)
def test_answers_not_as_asked_are_named_and_nothing_is_booked(
    answers: dict[str, Any], field: str, shops: Callable[..., Shop], api: Api
) -> None:
    shop = shops(questions=QUESTIONS)
    hold = shop.hold(shop.at())
    before = state(shop)
    body = {"reservation": str(hold.id), "name": "Gino", "email": "gino@example.com", "answers": answers}
    problem = refused(api.post(f"{shop.api}/appointments/", body), 422, "ANSWERS_INVALID")
    assert list(problem["errors"]) == [f"answers.{field}"]
    assert state(shop) == before


def test_answers_as_asked_are_kept(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(questions=QUESTIONS)
    hold = shop.hold(shop.at())
    answers = {"allergies": "Nüsse 🌰", "length": "long", "agreed": True}
    body = {"reservation": str(hold.id), "name": "Gino", "email": "gino@example.com", "answers": answers}
    assert answered(api.post(f"{shop.api}/appointments/", body), 201)["answers"] == answers


def test_a_customer_books_without_repeating_their_contact_and_gets_no_guest_token(shop: Shop) -> None:
    customer = customer_of(shop)
    hold = answered(customer.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201)
    made = answered(customer.post(f"{shop.api}/appointments/", {"reservation": hold["id"]}), 201)
    assert "cancellation_token" not in made
    assert made["customer"]["email"] == shop.customer.email
    assert answered(customer.get(f"/api/v1/appointments/{made['id']}"))["id"] == made["id"]


def test_a_customers_hold_is_no_use_to_anyone_else(shop: Shop, other_shop: Shop) -> None:
    hold = answered(customer_of(shop).post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201)
    before = state(shop)
    body = {"reservation": hold["id"], "name": "Eve", "email": "eve@example.com"}
    for eve in (Api(), customer_of(other_shop)):
        refused(eve.get(f"{shop.api}/reservations/{hold['id']}/"), 404, "NOT_FOUND")
        refused(eve.delete(f"{shop.api}/reservations/{hold['id']}/"), 404, "NOT_FOUND")
        refused(eve.post(f"{shop.api}/appointments/", body), 404, "NOT_FOUND")
    assert state(shop) == before


def test_a_guest_token_reaches_its_one_appointment_and_nothing_else(shop: Shop, other_shop: Shop) -> None:
    mine, other, foreign = shop.book(shop.at()), shop.book(shop.at("12:00")), other_shop.book(other_shop.at())
    guest = guest_of(mine)
    assert answered(guest.get(path_of(mine)))["id"] == str(mine.id)
    listed = answered(guest.get("/api/v1/appointments/"))["results"]
    assert [item["id"] for item in listed] == [str(mine.id)]
    before = state(shop)
    for appointment in (other, foreign):
        refused(guest.get(path_of(appointment)), 404, "NOT_FOUND")
        refused(guest.post(path_of(appointment, "cancel/"), {}, version=1), 404, "NOT_FOUND")
        refused(
            guest.post(path_of(appointment, "reschedule/"), {"start": shop.at("15:00").isoformat()}, version=1),
            404,
            "NOT_FOUND",
        )
    for action in ("complete/", "no-show/"):
        refused(guest.post(path_of(mine, action), {}, version=1), 403, "FORBIDDEN")
    booking = ask_hold(shop, shop.at("16:00"), customer={"name": "Gino"})
    refused(guest.post("/api/v1/appointments/", booking), 403, "FORBIDDEN")
    assert state(shop) == before


def test_a_guest_token_that_is_none_is_not_authenticated(shop: Shop, api: Api) -> None:
    shop.book(shop.at())
    for token in ("x", "é" * 40, "a" * 200):
        refused(api.post("/api/v1/auth/guest", {"cancellation_token": token}), 401, "NOT_AUTHENTICATED")
    for body in (
        {},
        {"cancellation_token": ""},
        {"cancellation_token": "x" * 201},
        {"cancellation_token": 7.5, "a": 1},
    ):
        refused(api.post("/api/v1/auth/guest/", body), 400, "MALFORMED")


def test_a_customer_sees_only_their_own_appointments(shop: Shop, other_shop: Shop) -> None:
    hold = shop.hold(shop.at(), claims=shop.customers)
    mine = shop.commit(hold, claims=shop.customers).appointment
    others = shop.book(shop.at("12:00"))
    customer = customer_of(shop)
    assert [item["id"] for item in answered(customer.get("/api/v1/appointments"))["results"]] == [str(mine.id)]
    refused(customer.get(path_of(others)), 404, "NOT_FOUND")
    before = state(shop)
    refused(customer.post(path_of(others, "cancel/"), {}, version=1), 404, "NOT_FOUND")
    for action in ("complete/", "no-show/"):
        refused(customer.post(path_of(mine, action), {}, version=1), 403, "FORBIDDEN")
    refused(customer_of(other_shop).get(path_of(mine)), 404, "NOT_FOUND")
    assert state(shop) == before


def test_without_a_token_no_appointment_is_read_or_changed(shop: Shop, api: Api) -> None:
    booked = shop.book(shop.at())
    before = state(shop)
    refused(api.get("/api/v1/appointments/"), 401, "NOT_AUTHENTICATED")
    response = api.get(path_of(booked))
    refused(response, 401, "NOT_AUTHENTICATED")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    for action in ("cancel", "reschedule", "complete", "no-show"):
        refused(api.post(path_of(booked, action), {}, version=1), 401, "NOT_AUTHENTICATED")
    refused(api.post("/api/v1/appointments/", {}), 401, "NOT_AUTHENTICATED")
    assert state(shop) == before


# Changing


def test_a_change_needs_the_version_that_was_read(shop: Shop) -> None:
    booked = shop.book(shop.at())
    guest = guest_of(booked)
    assert guest.get(path_of(booked)).headers["ETag"] == '"1"'
    before = state(shop)
    move = {"start": shop.at("12:00").isoformat()}
    for action, body in (("cancel/", {}), ("reschedule/", move)):
        refused(guest.post(path_of(booked, action), body), 428, "VERSION_REQUIRED")
        stale = refused(guest.post(path_of(booked, action), body, version=7), 412, "VERSION_CONFLICT")
        assert stale["current_version"] == 1
    for tag in ("1", "*", '"x"', '""', '"1", "2"'):
        response = guest.client.post(
            path_of(booked, "cancel/"),
            "{}",
            content_type="application/json",
            headers={"If-Match": tag, "Authorization": f"Bearer {guest.token}"},
        )
        refused(response, 400, "MALFORMED")
    assert state(shop) == before


def test_canceling_twice_is_the_same_as_once(shop: Shop) -> None:
    booked = shop.book(shop.at())
    guest = guest_of(booked)
    first = guest.post(path_of(booked, "cancel/"), {"reason": "Flu"}, version=1)
    assert (answered(first)["status"], first.headers["ETag"]) == ("canceled", '"2"')
    again = guest.post(path_of(booked, "cancel"), {"reason": "Flu"}, version=1)
    assert answered(again) == answered(first)
    problem = guest.post(path_of(booked, "reschedule/"), {"start": shop.at("12:00").isoformat()}, version=2)
    refused(problem, 409, "ILLEGAL_TRANSITION")
    answered(Api().post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201)


def test_an_appointment_moves_to_a_time_that_overlaps_its_own(shops: Callable[..., Shop]) -> None:
    shop = shops(slot_interval_minutes=10)
    booked = shop.book(shop.at())
    guest = guest_of(booked)
    moved = guest.post(path_of(booked, "reschedule/"), {"start": shop.at("10:10").isoformat()}, version=1)
    assert datetime.fromisoformat(answered(moved)["start"]) == shop.at("10:10")
    assert moved.headers["ETag"] == '"2"'


def test_a_move_that_is_refused_changes_nothing(shop: Shop) -> None:
    booked, _ = shop.book(shop.at()), shop.book(shop.at("12:00"))
    guest, before = guest_of(booked), state(shop)
    path = path_of(booked, "reschedule/")
    full = refused(guest.post(path, {"start": shop.at("12:00").isoformat()}, version=1), 409, "SLOT_UNAVAILABLE")
    assert len(full["alternatives"]) == 3
    refused(guest.post(path, {"start": shop.at("21:00").isoformat()}, version=1), 422, "OUTSIDE_HOURS")
    refused(guest.post(path, {"start": shop.at("12:01").isoformat()}, version=1), 422, "OFF_GRID")
    refused(guest.post(path, {"start": shop.at(days=300).isoformat()}, version=1), 422, "TOO_FAR")
    refused(guest.post(path, {"start": "2030-01-01T10:00:00"}, version=1), 400, "MALFORMED")
    refused(guest.post(path, {}, version=1), 400, "MALFORMED")
    refused(guest.post(path, {"start": shop.at("14:00").isoformat(), "end": "x"}, version=1), 400, "MALFORMED")
    refused(guest.post(path, {"start": shop.at("14:00").isoformat(), "staff": "no"}, version=1), 404, "NOT_FOUND")
    refused(guest.post(path, {"start": shop.at("14:00").isoformat(), "service": "no"}, version=1), 404, "NOT_FOUND")
    assert state(shop) == before


@pytest.mark.parametrize(
    ("before_start", "status"), [(timedelta(hours=24, minutes=1), 200), (timedelta(hours=23, minutes=59), 409)]
)
@pytest.mark.parametrize("action", ["cancel/", "reschedule/"])
def test_the_agreed_deadline_binds_to_the_minute(
    action: str, before_start: timedelta, status: int, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = shop.book(shop.at())
    guest, before = guest_of(booked), state(shop)
    monkeypatch.setattr("bookings.api.views.now", lambda: shop.at() - before_start)
    body = {"start": shop.at("15:00").isoformat()} if action == "reschedule/" else {}
    response = guest.post(path_of(booked, action), body, version=1)
    if status == 409:
        refused(response, 409, "DEADLINE_PASSED")
        assert state(shop) == before
        overridden = staff_of(shop).post(path_of(booked, action), body, version=1)
        assert answered(overridden)["version"] == 2
    else:
        assert answered(response)["version"] == 2


def test_the_guest_cannot_change_what_the_agreed_terms_never_allow(shops: Callable[..., Shop]) -> None:
    shop = shops(allows_cancellation=False, allows_rescheduling=False)
    booked = shop.book(shop.at())
    guest, before = guest_of(booked), state(shop)
    shown = answered(guest.get(path_of(booked)))
    assert shown["cancel_until"] is shown["reschedule_until"] is None
    refused(guest.post(path_of(booked, "cancel/"), {}, version=1), 409, "DEADLINE_PASSED")
    move = {"start": shop.at("12:00").isoformat()}
    refused(guest.post(path_of(booked, "reschedule/"), move, version=1), 409, "DEADLINE_PASSED")
    assert state(shop) == before


# Staff


def test_staff_book_on_the_phone_and_a_retry_books_once(shop: Shop) -> None:
    staff = staff_of(shop)
    body = ask_hold(shop, shop.at(), customer={"name": "Ada", "phone": "+39 06 1234567"}, notes="by phone")
    made = answered(staff.post("/api/v1/appointments/", body, key="a-good-key"), 201)
    assert set(made) == APPOINTMENT_FIELDS
    assert made["customer"] == {"name": "Ada", "email": "", "phone": "+39061234567"}
    assert answered(staff.post("/api/v1/appointments", body, key="a-good-key")) == made
    other = body | {"notes": "else"}
    refused(staff.post("/api/v1/appointments/", other, key="a-good-key"), 422, "IDEMPOTENCY_MISMATCH")
    assert len(state(shop)) == 2


def test_staff_set_aside_hours_and_notice_but_never_capacity(shop: Shop) -> None:
    staff = staff_of(shop)
    at_night = ask_hold(shop, shop.at("22:10"), customer={"name": "Ada"})
    refused(staff.post("/api/v1/appointments/", at_night), 422, "OUTSIDE_HOURS")
    refused(staff.post("/api/v1/appointments/", at_night | {"override": ["notice"]}), 422, "OUTSIDE_HOURS")
    assert state(shop) == []
    made = answered(staff.post("/api/v1/appointments/", at_night | {"override": ["hours"]}), 201)
    before = state(shop)
    refused(
        staff.post("/api/v1/appointments/", at_night | {"override": ["hours", "notice", "advance"]}),
        409,
        "SLOT_UNAVAILABLE",
    )
    refused(staff.post("/api/v1/appointments/", at_night | {"override": ["capacity"]}), 400, "MALFORMED")
    assert state(shop) == before
    with acting_as(shop.employees):
        assert Appointment.objects.get(pk=made["id"]).overrides == ["hours"]


def test_staff_say_how_it_went_once_it_has_started(shop: Shop) -> None:
    staff = staff_of(shop)
    future = shop.book(shop.at())
    refused(staff.post(path_of(future, "complete/"), {}, version=1), 409, "ILLEGAL_TRANSITION")
    begun = ask_hold(shop, shop.at(days=-1), customer={"name": "Ada"}, override=["notice", "hours"])
    made = answered(staff.post("/api/v1/appointments/", begun), 201)
    path = f"/api/v1/appointments/{made['id']}"
    refused(staff.post(f"{path}/complete/", {"note": "x"}, version=1), 400, "MALFORMED")
    assert answered(staff.post(f"{path}/complete/", {}, version=1))["status"] == "completed"
    assert answered(staff.post(f"{path}/no-show", {}, version=2))["status"] == "no_show"
    refused(staff.post(f"{path}/complete/", {}, version=2), 412, "VERSION_CONFLICT")
    refused(staff.post(f"{path}/cancel/", {}, version=3), 409, "ILLEGAL_TRANSITION")


def test_staff_see_all_of_their_business_and_nothing_of_another(shop: Shop, other_shop: Shop) -> None:
    mine, theirs = shop.book(shop.at()), other_shop.book(other_shop.at())
    staff = staff_of(shop)
    assert [item["id"] for item in answered(staff.get("/api/v1/appointments/"))["results"]] == [str(mine.id)]
    refused(staff.get(path_of(theirs)), 404, "NOT_FOUND")
    before = state(other_shop)
    refused(staff.post(path_of(theirs, "cancel/"), {}, version=1), 404, "NOT_FOUND")
    booking = ask_hold(other_shop, other_shop.at("12:00"), service=str(other_shop.service().id), customer={"name": "X"})
    refused(staff.post("/api/v1/appointments/", booking), 404, "NOT_FOUND")
    assert state(other_shop) == before


def test_the_list_is_narrowed_by_status_date_service_and_staff(shop: Shop) -> None:
    cut, wash = shop.service(staff=["anna"]), shop.service("wash")
    early, late = shop.book_by_staff(shop.at(days=3), cut), shop.book_by_staff(shop.at(days=5), wash)
    staff = staff_of(shop)

    def listed(**query: Any) -> list[str]:
        return [item["id"] for item in answered(staff.get("/api/v1/appointments/", **query))["results"]]

    answered(staff.post(path_of(late, "cancel/"), {}, version=1))
    day = shop.at(days=3).astimezone(shop.business.zone).date()
    assert listed(status="canceled") == [str(late.id)]
    assert listed(status="confirmed") == [str(early.id)]
    assert listed(service="cut") == listed(service=str(cut.id)) == [str(early.id)]
    assert listed(staff="anna") == listed(staff=str(shop.person("anna").id)) == [str(early.id)]
    assert listed(**{"from": day, "to": day}) == [str(early.id)]
    assert listed(**{"from": day + timedelta(days=1)}) == [str(late.id)]
    assert listed(**{"from": "0001-01-01", "to": "9999-12-31"}) == [str(early.id), str(late.id)]
    refused(staff.get("/api/v1/appointments/", status="lost"), 400, "MALFORMED")
    refused(staff.get("/api/v1/appointments/", customer="x"), 400, "MALFORMED")


def test_pages_by_cursor_show_each_appointment_once_while_others_are_booked(shop: Shop) -> None:
    service = shop.service(max_simultaneous_bookings=9)
    booked = [shop.book_by_staff(shop.at(), service) for _ in range(5)]
    staff = staff_of(shop)
    seen: list[str] = []
    page = answered(staff.get("/api/v1/appointments/", page_size=2))
    while True:
        seen += [item["id"] for item in page["results"]]
        shop.book_by_staff(shop.at("09:00"), shop.service("other", max_simultaneous_bookings=9))
        if page["next"] is None:
            break
        page = answered(staff.get(page["next"]))
    assert sorted(seen) == sorted(str(one.id) for one in booked)


def test_pages_lead_back_as_they_led_forth(shop: Shop) -> None:
    service = shop.service(max_simultaneous_bookings=9)
    for _ in range(5):
        shop.book_by_staff(shop.at(), service)
    staff = staff_of(shop)
    first = answered(staff.get("/api/v1/appointments/", page_size=2))
    second = answered(staff.get(first["next"]))
    third = answered(staff.get(second["next"]))
    assert [len(page["results"]) for page in (first, second, third)] == [2, 2, 1]
    assert first["previous"] is third["next"] is None
    assert answered(staff.get(third["previous"]))["results"] == second["results"]
    back = answered(staff.get(second["previous"]))
    assert (back["results"], back["previous"]) == (first["results"], None)


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "é", "====", "cD1ub3QrYStkYXRl", "WzEsMl0=", "bnVsbA==", "W2ZhbHNlXQ=="),
        *("W2ZhbHNlLCAiXHUwMDAwIiwgIngiXQ==", "W2ZhbHNlLCAieCIsICJ4Il0=", "W2ZhbHNlLCAiXHVkODAwIiwgIngiXQ=="),
        *("W2ZhbHNlLCB7fSwgW11d", "W1tb" * 120),
    ],
)
def test_a_cursor_that_is_none_is_malformed(cursor: str, shop: Shop) -> None:
    staff = staff_of(shop)
    assert "cursor" in refused(staff.get("/api/v1/appointments/", cursor=cursor), 400, "MALFORMED")["errors"]
    assert "cursor" in refused(Api().get("/api/v1/businesses/", cursor=cursor), 400, "MALFORMED")["errors"]


def test_the_list_takes_as_many_queries_for_many_as_for_one(shop: Shop, django_assert_max_num_queries: Any) -> None:
    service = shop.service(staff=["anna", "bob"])
    staff = staff_of(shop)
    for days in range(2, 8):
        shop.book_by_staff(shop.at(days=days), service)
    with django_assert_max_num_queries(8):
        assert len(answered(staff.get("/api/v1/appointments/"))["results"]) == 6


# Losing access


def test_a_demoted_person_loses_access_at_the_next_request(shop: Shop) -> None:
    booked, staff = shop.book(shop.at()), staff_of(shop)
    answered(staff.get(path_of(booked)))
    with shop.changes():
        Membership.objects.filter(business=shop.business, user=shop.employee).delete()
    before = state(shop)
    refused(staff.get(path_of(booked)), 404, "NOT_FOUND")
    assert answered(staff.get("/api/v1/appointments/"))["results"] == []
    refused(staff.post(path_of(booked, "cancel/"), {}, version=1), 404, "NOT_FOUND")
    refused(staff.post("/api/v1/appointments/", ask_hold(shop, shop.at("12:00"))), 403, "FORBIDDEN")
    assert state(shop) == before


def test_a_disabled_person_loses_access_at_the_next_request(shop: Shop) -> None:
    booked, staff = shop.book(shop.at()), staff_of(shop)
    with raw("owner") as owner:
        owner.execute("UPDATE users SET is_active = false WHERE id = %s", [shop.employee.id])
    refused(staff.get(path_of(booked)), 401, "NOT_AUTHENTICATED")
    refused(staff.get("/api/v1/appointments/"), 401, "NOT_AUTHENTICATED")


def test_a_token_that_claims_more_than_its_person_is_believes_nothing(shop: Shop, other_shop: Shop) -> None:
    theirs = other_shop.book(other_shop.at())
    forged = Api().as_(shop.customer, role="owner", business_id=other_shop.business.id)
    refused(forged.get(path_of(theirs)), 404, "NOT_FOUND")
    refused(forged.post("/api/v1/appointments/", {}), 403, "FORBIDDEN")


# Limits


def test_the_sixth_live_hold_of_a_visitor_waits(shop: Shop, api: Api, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid4().hex}}
    settings.THROTTLE = True
    shop.service(max_simultaneous_bookings=50)
    held = [answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201) for _ in range(5)]
    before = state(shop)
    response = api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at()))
    refused(response, 429, "THROTTLED")
    assert int(response.headers["Retry-After"]) > 0
    assert state(shop) == before
    api.delete(f"{shop.api}/reservations/{held[0]['id']}/")
    answered(api.post(f"{shop.api}/reservations/", ask_hold(shop, shop.at())), 201)


def test_too_many_requests_wait_and_forged_forwarding_does_not_help(shop: Shop, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid4().hex}}
    settings.THROTTLE = True
    api = Api()
    statuses = []
    for n in range(130):
        headers = {"X-Forwarded-For": f"10.0.0.{n % 250}"}
        response = api.client.post(f"{shop.api}/reservations/", "{}", content_type="application/json", headers=headers)
        statuses.append(response.status_code)
    assert 429 in statuses
    refused(response, 429, "THROTTLED")
    assert 0 < int(response.headers["Retry-After"]) <= 60


def test_a_customer_has_only_so_many_bookings_a_day(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(max_per_customer_per_day=1, max_upcoming_per_customer=2)

    def book(start: datetime, email: str = "gino@example.com") -> Any:
        body = {"reservation": str(shop.hold(start).id), "name": "Gino", "email": email}
        return api.post(f"{shop.api}/appointments/", body)

    answered(book(shop.at()), 201)
    refused(book(shop.at("12:00")), 409, "LIMIT_REACHED")
    refused(book(shop.at("12:30"), " GINO@EXAMPLE.COM"), 409, "LIMIT_REACHED")
    answered(book(shop.at("13:00"), "other@example.com"), 201)
    answered(book(shop.at(days=4)), 201)
    refused(book(shop.at(days=5)), 409, "LIMIT_REACHED")


def test_dates_are_dates_also_at_midnight_far_from_greenwich(shops: Callable[..., Shop], api: Api) -> None:
    shop = shops(timezone="Pacific/Auckland")
    shop.service()
    day: date = shop.at(days=4).astimezone(shop.business.zone).date()
    body = answered(api.get(f"{shop.api}/slots/", service="cut", **{"from": day, "to": day}))
    assert {datetime.fromisoformat(slot["start"]).date() for slot in body["days"][0]["slots"]} == {day}
