"""Businesses with one row of each kind that an address can name, so that each id can be tried by other tenants."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.contrib import admin
from django.db.models import Model
from django.test import Client

from audit.models import AuditLog
from businesses.identity.access_tokens import issue_guest
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.real_servers.web_server import access_token
from rhivo.testing.tenant_rows import fill
from rhivo.tokens import guest_token, token_hash

# The name of the attacked business. No answer to another tenant may contain it.
SECRET = "Secretissima"


@dataclass
class Tenant:
    """A business, the ids that an address could name, and the token of each kind of visitor."""

    shop: Shop
    ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def browser(self, visitor: str, host: str = "localhost") -> Client:
        client = Client(HTTP_HOST=host, raise_request_exception=False)
        person = {"customer": self.shop.customer, "staff": self.shop.employee, "owner": self.shop.owner}.get(visitor)
        if person is not None:
            # Without a password: Argon2 would be most of the time of these tests.
            client.force_login(person)
        return client


def furnished(shop: Shop) -> Tenant:
    """Give a shop one row of each kind that an address can name, with slugs that no other shop has."""
    slug = f"cut-{uuid4().hex[:8]}"
    people = [f"anna-{uuid4().hex[:8]}", f"bea-{uuid4().hex[:8]}"]
    service = shop.service(slug, staff=people, max_simultaneous_bookings=4)
    staff = shop.person(people[0])
    # One hold stays open and one is booked by a guest: their ids are tried under addresses of holds and of tokens.
    held = shop.hold(shop.at("09:00"), service, claims=shop.customers)
    booked = shop.commit(shop.hold(shop.at("10:00"), service, claims=shop.customers), claims=shop.customers).appointment
    guests_hold = shop.hold(shop.at("11:00"), service)
    shop.commit(guests_hold)
    token = guest_token(guests_hold.id)
    # Something that a service needs is made with a service of its own: else this one would be found to lack it.
    shop.service(f"bath-{uuid4().hex[:8]}", needs=["room"])
    rows = rows_of(shop)
    rows |= {"bookings/appointment": booked.id, "businesses/service": service.id, "businesses/staff": staff.id}
    ids = {
        "appointment": booked.id,
        "reservation": held.id,
        "token": token,
        "service slug": slug,
        "staff slug": staff.slug,
        "business": shop.business.id,
        "category": rows["businesses/category"],
        "service": service.id,
        "staff": staff.id,
        **rows,
    }
    tokens = {
        "nobody": "",
        "guest": issue_guest(token_hash(token), at=now()),
        "customer": access_token(shop.customer, business_id=shop.business.id, role="customer"),
        "staff": access_token(shop.employee, business_id=shop.business.id, role="staff"),
        "owner": access_token(shop.owner, business_id=shop.business.id, role="owner"),
    }
    return Tenant(shop, {name: str(value) for name, value in ids.items()}, tokens)


def in_back_office() -> dict[str, type[Model]]:
    """Return each model that has a page in the back office, by its address there: `businesses/service`."""
    return {f"{model._meta.app_label}/{model._meta.model_name}": model for model in admin.site._registry}


def rows_of(shop: Shop) -> dict[str, Any]:
    """Return one id of each kind of row that has a page in the back office, by its address there."""
    rows = fill(shop)
    with acting_as(shop.owners):
        rows["audit/auditlog"] = AuditLog.objects.filter(business_id=shop.business.id)[0].pk
    rows["businesses/business"] = shop.business.id
    missing = in_back_office().keys() - rows.keys()
    assert not missing, f"make one row of these here, since their pages are attacked by id: {missing}"
    return rows
