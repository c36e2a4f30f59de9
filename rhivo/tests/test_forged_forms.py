"""Forms of the back office, tampered with: another tenant's rows, one's own role, what only the owner may change."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from businesses.models import Availability, Business, Category, Membership, Service, ServiceStaff, User
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def back_office() -> Callable[[User], Client]:
    def logged_in(user: User) -> Client:
        client = Client(HTTP_HOST="localhost")
        client.force_login(user)
        return client

    return logged_in


SERVICE = {
    "name": "Forged",
    "slug": "forged",
    "duration_minutes": "30",
    "price_cents": "10",
    "max_simultaneous_bookings": "1",
    "position": "0",
    "buffer_before_minutes": "0",
    "buffer_after_minutes": "0",
    "assignments-TOTAL_FORMS": "0",
    "assignments-INITIAL_FORMS": "0",
}


def test_a_row_cannot_be_saved_into_another_business(shop: Shop, other_shop: Shop, back_office: Any) -> None:
    client = back_office(shop.owner)
    theirs = str(other_shop.business.id)
    client.post(
        reverse("admin:businesses_category_add"),
        {"name": "Forged", "position": "0", "business": theirs, "business_id": theirs},
    )
    client.post(reverse("admin:businesses_service_add"), SERVICE | {"business": theirs, "business_id": theirs})
    with as_role("owner"):
        assert {
            row.business_id
            for row in Category.objects.filter(name="Forged", business__in=[shop.business, other_shop.business])
        } <= {shop.business.id}
        assert not Service.objects.filter(business=other_shop.business, slug="forged").exists()


def test_an_inline_cannot_take_another_tenants_row_or_person(shop: Shop, other_shop: Shop, back_office: Any) -> None:
    mine, theirs = shop.service("cut", staff=["anna"]), other_shop.service("massage", staff=["zoe"])
    with as_role("worker"), acting_as(other_shop.owners):
        their_row = ServiceStaff.objects.get(service=theirs)
    client = back_office(shop.owner)
    page = reverse("admin:businesses_service_change", args=[mine.pk])
    row = {
        "assignments-TOTAL_FORMS": "1",
        "assignments-INITIAL_FORMS": "1",
        "assignments-0-id": str(their_row.pk),
        "assignments-0-service": str(mine.pk),
    }
    for forged in (
        row | {"assignments-0-staff": str(other_shop.person("zoe").pk)},
        row | {"assignments-0-DELETE": "on"},
        {
            "assignments-TOTAL_FORMS": "1",
            "assignments-INITIAL_FORMS": "0",
            "assignments-0-staff": str(other_shop.person("zoe").pk),
        },
        {"category": str(uuid4())},
    ):
        answer = client.post(page, SERVICE | {"version": "1"} | forged)
        assert answer.status_code < 500, forged
    with as_role("worker"), acting_as(other_shop.owners):
        assert ServiceStaff.objects.get(service=theirs).pk == their_row.pk
    with as_role("worker"), acting_as(shop.owners):
        assert [row.staff_id for row in ServiceStaff.objects.filter(service=mine)] == [shop.person("anna").pk]


@pytest.mark.parametrize("verb", ["add", "change", "delete"])
def test_nobody_raises_their_own_role(verb: str, shop: Shop, back_office: Any) -> None:
    with acting_as(shop.owners):
        mine = Membership.objects.get(business=shop.business, user=shop.employee)
    args = [] if verb == "add" else [mine.pk]
    forged = {"role": "owner", "user": str(shop.employee.pk), "business": str(shop.business.pk), "post": "yes"}
    for person in (shop.employee, shop.owner):
        page = reverse(f"admin:businesses_membership_{verb}", args=args)
        assert back_office(person).post(page, forged).status_code == 403
    with acting_as(shop.owners):
        assert Membership.objects.get(business=shop.business, user=shop.employee).role == "staff"


def test_staff_change_nothing_that_is_the_owners(shop: Shop, back_office: Any) -> None:
    service = shop.service(staff=["anna"])
    client = back_office(shop.employee)
    with acting_as(shop.owners):
        hours = Availability.objects.filter(business=shop.business)[0]
    for name, row in {
        "service": service,
        "staff": shop.person("anna"),
        "availability": hours,
        "business": shop.business,
    }.items():
        for verb in ("change", "delete"):
            page = reverse(f"admin:businesses_{name}_{verb}", args=[row.pk])
            assert client.post(page, SERVICE | {"version": "1", "post": "yes", "is_active": ""}).status_code == 403
    with acting_as(shop.owners):
        assert Service.objects.get(pk=service.pk).name == service.name
        assert Business.objects.get(pk=shop.business.pk).version == shop.business.version


def test_an_action_is_run_on_no_more_rows_than_a_page_shows(
    shop: Shop, back_office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("businesses.backoffice.bounded_admin.MOST_AT_ONCE", 1)
    for clock in ("10:00", "11:00"):
        shop.book(shop.at(clock), shop.service())
    page = reverse("admin:bookings_appointment_changelist")
    sent = {"action": "complete_selected", "select_across": "1", "index": "0", "_selected_action": str(uuid4())}
    answer = back_office(shop.owner).post(page, sent, follow=True)
    assert "at most 1 rows" in answer.text
    assert "Not before the appointment has started" not in answer.text


def test_a_search_longer_than_anyone_types_is_cut(
    shop: Shop, back_office: Any, django_assert_max_num_queries: Any
) -> None:
    client = back_office(shop.owner)
    with django_assert_max_num_queries(30) as asked:
        page = client.get(reverse("admin:bookings_appointment_changelist"), {"q": "a " * 1500})
    assert page.status_code == 200
    assert max(len(query["sql"]) for query in asked.captured_queries) < 20_000
