"""A log-in answers the same for an account that exists, one that is disabled and one that never was."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher

from businesses.models import User
from rhivo.testing.database import as_role
from rhivo.testing.tenants import Tenant
from rhivo.tests.comparable_answers import ask, differences, unlike

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/api/v1/auth/token/", "/b/{sub}/log-in/", "/admin/login/"])
def test_a_log_in_asks_and_hashes_the_same_for_an_unknown_account(
    address: str, mine: Tenant, theirs: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with as_role("owner"):
        User.objects.filter(pk=theirs.shop.employee.pk).update(is_active=False)
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    seen, counts = [], []
    known, disabled = theirs.shop.customer.email, theirs.shop.employee.email
    emails = [known, disabled, unlike(known.partition("@")[0]) + "@example.com"]
    for email in emails:
        hashed.clear()
        body = {"email": email, "username": email, "password": "wrong"}
        if address.startswith("/api/"):
            del body["username"]
        client = mine.browser("nobody")
        client.get(address.format(sub=mine.shop.business.subdomain))
        seen.append(ask(client, "POST", address.format(sub=mine.shop.business.subdomain), "", emails, body=body))
        counts.append(len(hashed))
    assert counts == [1, 1, 1]
    assert not differences("disabled", seen[0], seen[1]) + differences("unknown", seen[0], seen[2])
