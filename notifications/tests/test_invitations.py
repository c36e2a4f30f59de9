"""Invitations: a link that sets a password and proves an address, once, within a week."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from businesses.identity.invitations import invitation_token
from businesses.models import User
from notifications.channels.email import write_mail
from notifications.models import NotificationLog
from rhivo.clock import now
from rhivo.shell.import_and_invite import import_and_invite
from rhivo.testing.database import as_role
from rhivo.testing.factories import unique

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = {"new_password1": "a long new secret", "new_password2": "a long new secret"}


@pytest.fixture
def invited(django_db_setup: None) -> User:
    """A new owner, invited by the import of their business."""
    name = unique("invited")
    content = f"{{subdomain: {name}, name: Salon, timezone: UTC, currency: EUR, owner: {{email: {name}@example.com, name: Ada}}}}"
    with as_role("worker"):
        imported = import_and_invite(content.encode(), replace=False)
    assert imported.invitation
    return imported.invitation.user


def link(user: User) -> str:
    return f"/invitation/{invitation_token(user)}/"


def fresh(user: User) -> User:
    with as_role("worker"):
        return User.objects.get(pk=user.pk)


def test_the_mail_carries_a_link_that_sets_the_password_and_proves_the_address(invited: User, client: Client) -> None:
    with as_role("worker"):
        body = str(write_mail(NotificationLog.objects.get(recipient=invited.email)).body)
    path = body.split("http://localhost:8000")[1].split(maxsplit=1)[0]
    assert client.get(path).status_code == 200
    assert client.post(path, GOOD).status_code == 200
    user = fresh(invited)
    assert user.check_password("a long new secret")
    assert user.email_verified_at is not None


def test_a_link_works_once(invited: User, client: Client) -> None:
    client.post(link(invited), GOOD)
    again = client.post(link(invited), {"new_password1": "another secret", "new_password2": "another secret"})
    assert again.status_code == 410
    assert fresh(invited).check_password("a long new secret")


def test_a_link_lasts_a_week(invited: User, client: Client) -> None:
    path = link(invited)
    with time_machine.travel(now() + timedelta(days=7, seconds=1), tick=False):
        assert client.post(path, GOOD).status_code == 410
    assert not fresh(invited).has_usable_password()


def test_a_forged_link_tells_nothing(invited: User, client: Client) -> None:
    answer = client.get(link(invited)[:-2] + "x/")
    assert answer.status_code == 410
    assert invited.email not in answer.content.decode()


def test_a_weak_password_is_refused_and_the_link_stays(invited: User, client: Client) -> None:
    answer = client.post(link(invited), {"new_password1": "12345678", "new_password2": "12345678"})
    assert answer.status_code == 200
    assert "too common" in answer.content.decode()
    assert client.post(link(invited), GOOD).status_code == 200
