"""What the back office says after an action, and in its lists: who is told, how many, and in which words."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from businesses.models import User
from notifications.models import NotificationLog
from rhivo.claims import acting_as
from rhivo.testing.shops import Shop

pytestmark = pytest.mark.django_db
Pages = Callable[[User], Client]


def shown(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def test_a_message_s_page_says_its_status_in_a_word(shop: Shop, pages: Pages) -> None:
    shop.book(shop.at("10:00"))
    with acting_as(shop.owners):
        message = NotificationLog.objects.get(business=shop.business)
    text = shown(pages(shop.owner).get(reverse("admin:notifications_notificationlog_change", args=[message.pk])))
    assert "Waiting" in text
    assert "&#x27;pending&#x27;" not in text
