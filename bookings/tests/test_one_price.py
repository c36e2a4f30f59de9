"""A price is written alike wherever a business or its customers read it."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from businesses.models import User
from notifications.channels.email import write_mail
from notifications.models import NotificationLog
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop

pytestmark = pytest.mark.django_db
PRICES = [
    ("en", "EUR", 2800, "€28.00"),
    ("it", "EUR", 2800, "28,00\xa0€"),
    ("es", "USD", 2800, "28,00\xa0US$"),
    ("en", "UYI", 2800, "UYI\xa02,800"),
    ("it", "JPY", 2800, "2.800\xa0JPY"),
    ("it", "KWD", 2800, "2,800\xa0KWD"),
]


@pytest.mark.parametrize(("locale", "currency", "minor", "text"), PRICES)
def test_page_mail_and_back_office_write_one_price(
    locale: str, currency: str, minor: int, text: str, shops: Callable[..., Shop], pages: Callable[[User], Client]
) -> None:
    shop = shops(locale=locale, currency=currency)
    service = shop.service(price_cents=minor)
    booked = shop.book(shop.at(), service)
    office = pages(shop.owner)
    with acting_as(shop.owners):
        message = NotificationLog.objects.get(business=shop.business)
        mail = write_mail(message)
    seen = {
        "page": Client(HTTP_HOST="localhost").get(f"/b/{shop.business.subdomain}/").text,
        "mail": str(mail.body),
        "mail in HTML": str(mail.alternatives[0][0]),
        "services": office.get(reverse("admin:businesses_service_changelist")).text,
        "appointment": office.get(reverse("admin:bookings_appointment_change", args=[booked.id])).text,
    }
    assert [where for where, said in seen.items() if text not in said] == []


def test_the_back_office_takes_the_price_back_as_it_shows_it(
    shops: Callable[..., Shop], pages: Callable[[User], Client]
) -> None:
    shop = shops(locale="it", currency="EUR")
    service = shop.service(price_cents=123_450)
    page = pages(shop.owner).get(reverse("admin:businesses_service_change", args=[service.id]))
    assert page.context["adminform"].form["price_cents"].value() == "1234,50"
    assert 'value="1234,50"' in page.text
    assert 'inputmode="decimal"' in page.text
