"""Hours in the back office, and which bookings a change of hours leaves outside them."""

import pytest
from django.urls import reverse

from bookings.models import Status
from bookings.tests.back_office_pages import BOOK, EVERYTHING, Pages, fresh, shown
from businesses.models import Availability
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role

ADD_HOURS = "admin:businesses_availability_add"


def hours(**fields: str) -> dict[str, str]:
    return {"staff": "", "kind": "weekly", "weekday": "0", "opens": "20:30", "closes": "24:00"} | fields


def test_hours_are_written_as_clock_times_up_to_midnight(shop: Shop, pages: Pages) -> None:
    assert pages(shop.owner).post(reverse(ADD_HOURS), hours()).status_code == 302
    with acting_as(shop.owners):
        assert Availability.objects.filter(business=shop.business, opens=1230, closes=1440).count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"opens": "19:00", "closes": "21:00"},
        {"opens": "20:00", "closes": "21:00"},
        {"opens": "22:00", "closes": "21:00"},
        {"opens": "21:00", "closes": "21:00"},
        {"opens": "20:31"},
        {"opens": ""},
        {"weekday": ""},
        {"kind": "dates"},
        {"kind": "dates", "first_date": "2030-05-02", "last_date": "2030-05-01"},
        {"kind": "dates", "first_date": "2030-05-02", "opens": ""},
    ],
)
def test_hours_that_cannot_be_are_an_error_of_the_form(wrong: dict[str, str], shop: Shop, pages: Pages) -> None:
    answer = pages(shop.owner).post(reverse(ADD_HOURS), hours(**wrong))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    with acting_as(shop.owners):
        assert Availability.objects.filter(business=shop.business).count() == 7


def test_touching_hours_are_refused_in_plain_words(shop: Shop, pages: Pages) -> None:
    answer = pages(shop.owner).post(reverse(ADD_HOURS), hours(opens="20:00"))
    assert "overlaps or touches other hours" in shown(answer)
    assert 'value="20:00"' in shown(answer)


def test_a_closed_day_shows_the_bookings_it_leaves_outside_hours(shop: Shop, pages: Pages) -> None:
    hit, spared = shop.book(shop.at("10:00", days=3)), shop.book(shop.at("10:00", days=4))
    on_purpose = shop.book_by_staff(shop.at("21:00", days=3), overrides=EVERYTHING)
    day = shop.at("10:00", days=3).astimezone(shop.business.zone).date().isoformat()
    closed = hours(kind="dates", first_date=day, opens="", closes="", reason="Feast")
    text = shown(pages(shop.owner).post(reverse(ADD_HOURS), closed, follow=True))
    assert "1 upcoming booking is now outside hours and stays booked: " in text
    assert hit.reference in text
    assert spared.reference not in text
    assert on_purpose.reference not in text
    assert fresh(shop, hit).status == Status.CONFIRMED


def test_a_deleted_window_shows_the_bookings_it_leaves_outside_hours(shop: Shop, pages: Pages) -> None:
    hit = shop.book(shop.at("10:00"))
    weekday = shop.at("10:00").astimezone(shop.business.zone).weekday()
    with acting_as(shop.owners):
        window = Availability.objects.get(business=shop.business, weekday=weekday)
    delete = reverse("admin:businesses_availability_delete", args=[window.pk])
    assert hit.reference in shown(pages(shop.owner).post(delete, {"post": "yes"}, follow=True))


def test_a_person_s_own_hours_count_for_their_bookings(shop: Shop, pages: Pages) -> None:
    shop.service(staff=["anna", "bea"], max_simultaneous_bookings=2)
    annas = shop.book_by_staff(shop.at("10:00"), staff=shop.person("anna"))
    beas = shop.book_by_staff(shop.at("10:00"), staff=shop.person("bea"))
    day = shop.at("10:00").astimezone(shop.business.zone).date().isoformat()
    off = hours(staff=str(shop.person("anna").id), kind="dates", first_date=day, opens="", closes="")
    text = shown(pages(shop.owner).post(reverse(ADD_HOURS), off, follow=True))
    assert annas.reference in text
    assert beas.reference not in text


def test_hours_of_another_tenant_s_staff_cannot_be_set(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    zoe = other_shop.person("zoe")
    answer = pages(shop.owner).post(reverse(ADD_HOURS), hours(staff=str(zoe.id)))
    assert "staff" in answer.context["adminform"].form.errors
    with as_role("worker"), acting_as(other_shop.owners):
        assert not Availability.objects.filter(staff_id=zoe.id).exists()


def test_pages_carry_a_policy_without_inline_scripts(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.owner)
    for address in ("/admin/", "/admin/login/", reverse(BOOK), reverse(ADD_HOURS)):
        policy = browser.get(address, follow=True).headers["Content-Security-Policy"]
        assert "script-src" not in policy
        assert "unsafe" not in policy
        assert "default-src 'self'" in policy
