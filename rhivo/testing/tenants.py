"""A business with one of each thing that an address can name, to be attacked by id."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.contrib import admin
from django.db.models import Model
from django.test import Client

from businesses.identity.access_tokens import issue_guest
from businesses.models import Business
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.factories import CategoryFactory
from rhivo.testing.real_servers.web_server import access_token
from rhivo.tokens import guest_token, token_hash

SECRET = "Secretissima"
"""What a tenant is called whose name must not come up."""


@dataclass
class Tenant:
    """A business, whatever ids it has that an address could name, and what each of its people sends along."""

    shop: Shop
    ids: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def browser(self, visitor: str, host: str = "localhost") -> Client:
        client = Client(HTTP_HOST=host, raise_request_exception=False)
        person = {"customer": self.shop.customer, "staff": self.shop.employee, "owner": self.shop.owner}.get(visitor)
        if person is not None:
            client.force_login(person)
        return client


def furnished(shop: Shop) -> Tenant:
    """Give a shop one of each thing that an address can name, the words of it unlike anyone else's."""
    slug = f"cut-{uuid4().hex[:8]}"
    people = [f"anna-{uuid4().hex[:8]}", f"bea-{uuid4().hex[:8]}"]
    service = shop.service(slug, staff=people, max_simultaneous_bookings=4)
    staff = shop.person(people[0])
    held = shop.hold(shop.at("09:00"), service, claims=shop.customers)
    booked = shop.commit(shop.hold(shop.at("10:00"), service, claims=shop.customers), claims=shop.customers).appointment
    guests_hold = shop.hold(shop.at("11:00"), service)
    shop.commit(guests_hold)
    token = guest_token(guests_hold.id)
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
    """Return the id of one row of each model that has a page in the back office, so that a new page is attacked too."""
    with shop.changes():
        CategoryFactory.create(business=shop.business, name=shop.business.name)
    rows: dict[str, Any] = {}
    with acting_as(shop.owners):
        for address, model in in_back_office().items():
            own = {"pk" if model is Business else "business_id": shop.business.id}
            # The key alone: of a row with a secret an owner may not select every column.
            rows[address] = model._default_manager.filter(**own).values_list("pk", flat=True).first()
            assert rows[address], f"make one row of {address} here: its page in the back office is attacked by id"
    return rows
