"""Every address × every kind of visitor × another tenant's things: nothing tells whether they exist.

The walk goes over the resolver: a page or a parameter without an entry here fails by itself. Each address is asked with
an id of the other tenant and with one that never was; status, headers, body and the number of queries must be the same.
The other tenant's own people then show that the ids were real. Ids in a query or body are tried as well.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from drf_spectacular.generators import SchemaGenerator

from bookings.models import Appointment, Reservation
from businesses.models import Availability, Category
from rhivo.claims import acting_as
from rhivo.testing.addresses import BUSINESS, INSTALLATION, addresses, filled, parameters
from rhivo.testing.tenants import Tenant, in_back_office
from rhivo.tests.comparable_answers import Seen, ask, differences, unlike

pytestmark = pytest.mark.django_db

VISITORS = ("nobody", "guest", "customer", "staff", "owner")
METHODS = ("GET", "POST", "DELETE")
KEPT_APART = {401, 403, 404, 405}

# What a parameter names, by where it stands. What the back office shows is named by its address: `businesses/service`.
NAMED = {
    "appointment_id": "appointment",
    "reservation_id": "reservation",
    "token": "token",
    "service": "service slug",
    "staff": "staff slug",
    "subdomain": "",
    "app_label": "",
    "url": "",
    "content_type_id": "",
}
# Pages that name no tenant's thing: what they show is decided by who asks, or is public. An address of the API needs no
# entry: its parameters say it all, and a test below asks for what it reads from a query or body.
ABOUT_NOBODY = {
    "/",
    "/healthz",
    "/readyz",
    "/invitation/<token>/",
    "/theme.css",
    "/my/",
    "/log-in/",
    "/log-out/",
    "/admin/",
    "/admin/<app_label>/",
    "/admin/<url>",
    "/admin/autocomplete/",
    "/admin/bookings/appointment/why/",
    "/admin/jsi18n/",
    "/admin/login/",
    "/admin/logout/",
    "/admin/password_change/",
    "/admin/password_change/done/",
    "/admin/search/",
    "/admin/switch/",
    *(f"/admin/{model}/{end}" for model in in_back_office() for end in ("", "add/")),
}


def named_in(template: str) -> dict[str, str]:
    """Return what each parameter of an address names, '' for what is nobody's."""
    found = {}
    for name in parameters(template):
        if name == "object_id":
            found[name] = next((model for model in in_back_office() if f"/admin/{model}/" in template), "?")
        else:
            found[name] = NAMED.get(name, "?")
    if "<content_type_id>" in template:
        found["object_id"] = "bookings/appointment"
    return found


def is_about_nobody(template: str) -> bool:
    return template in ABOUT_NOBODY or (template.startswith("/api/") and not any(named_in(template).values()))


# The list is complete


@pytest.mark.parametrize("urlconf", [INSTALLATION, BUSINESS])
def test_every_address_has_an_entry(urlconf: str) -> None:
    unknown = [
        template
        for template in addresses(urlconf)
        if not is_about_nobody(template)
        and not (any(named_in(template).values()) and "?" not in named_in(template).values())
    ]
    assert unknown == [], (
        "say in NAMED what the parameters of these name; of a page in ABOUT_NOBODY that it names no tenant's"
    )


def test_every_entry_is_an_address() -> None:
    assert addresses(INSTALLATION) | addresses(BUSINESS) >= ABOUT_NOBODY


def places(template: str, urlconf: str, mine: Tenant, theirs: Tenant) -> Iterator[tuple[str, str]]:
    """Return the hosts and prefixes at which an address is tried: one's own, and the other tenant's."""
    if urlconf == INSTALLATION:
        yield "localhost", ""
        if template.startswith("/admin/"):
            yield "localhost", f"/b/{theirs.shop.business.subdomain}"
    else:
        yield "localhost", f"/b/{mine.shop.business.subdomain}"
        yield f"{mine.shop.business.subdomain}.localhost", ""


def about_somebody(urlconf: str) -> list[str]:
    known = {template for template in addresses(urlconf) if not is_about_nobody(template)}
    return sorted(known - addresses(INSTALLATION) if urlconf == BUSINESS else known)


@pytest.mark.parametrize("urlconf", [INSTALLATION, BUSINESS])
@pytest.mark.parametrize("visitor", VISITORS)
def test_nobody_learns_whether_another_tenants_thing_exists(
    visitor: str, urlconf: str, mine: Tenant, theirs: Tenant
) -> None:
    told: list[str] = []
    for template in about_somebody(urlconf):
        named = named_in(template)
        fixed = {"subdomain": mine.shop.business.subdomain, "content_type_id": content_type()}
        real = {name: theirs.ids[what] if what else fixed[name] for name, what in named.items()}
        false = {name: unlike(theirs.ids[what]) if what else fixed[name] for name, what in named.items()}
        identifiers = [*real.values(), *false.values()]
        for host, prefix in places(template, urlconf, mine, theirs):
            client = mine.browser(visitor, host)
            for method in METHODS:
                existing, unknown = (
                    ask(client, method, prefix + filled(template, values), mine.tokens[visitor], identifiers)
                    for values in (real, false)
                )
                where = f"{method} {host}{prefix}{template}"
                told += differences(where, existing, unknown) + reached(where, existing)
    assert not told, "\n".join(told)


def reached(where: str, seen: Seen) -> list[str]:
    """Return that an answer is none of those that keep tenants apart: not found, not yours, log in, no such verb."""
    leads = dict(seen.headers).get("Location", "")
    elsewhere = seen.status == 302 and ("/log" in leads or leads.endswith("/change/"))
    return [] if seen.status in KEPT_APART or elsewhere else [f"{where}: {seen.status}"]


def content_type() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM django_content_type WHERE app_label = 'bookings' AND model = 'appointment'")
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize("urlconf", [INSTALLATION, BUSINESS])
def test_the_ids_are_real_to_those_whose_they_are(urlconf: str, theirs: Tenant) -> None:
    unreached = []
    for template in sorted(about_somebody(urlconf), key=lambda each: each.endswith("/delete/")):
        fixed = {"subdomain": theirs.shop.business.subdomain, "content_type_id": content_type()}
        values = {name: theirs.ids[what] if what else fixed[name] for name, what in named_in(template).items()}
        prefix = "" if urlconf == INSTALLATION else f"/b/{theirs.shop.business.subdomain}"
        path = prefix + filled(template, values)
        answers = [
            ask(theirs.browser(visitor), method, path, theirs.tokens[visitor], [])
            for visitor in VISITORS
            for method in ("GET", "POST")
        ]
        if template not in NOBODYS and not any(reached(template, answer) for answer in answers):
            unreached.append((template, {answer.status for answer in answers}))
    assert unreached == []


# Nobody reaches these: what they would do is done elsewhere, or not at all. Some only lead on.
NOBODYS = {
    "/admin/r/<content_type_id>/<object_id>/",
    *(f"/admin/{model}/<object_id>/" for model in in_back_office()),
    *(f"/admin/{model}/<object_id>/delete/" for model in in_back_office()),
    "/admin/bookings/appointment/<object_id>/history/",
}


# Ids in what is sent


HERE = "the id"


def sent(theirs: Tenant) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Return requests that point at something by an id: which kind, method, path, and what is sent, the id as HERE."""
    start = theirs.shop.at("15:00").isoformat()
    day = f"{theirs.shop.at():%Y-%m-%d}"
    own = {"service": "cut", "start": start, "customer": {"name": "Gino", "phone": "+390612345678"}}
    for kind in ("service", "service slug"):
        yield kind, "GET", "{api}/slots/", {"service": HERE, "from": day, "to": day}
        yield kind, "POST", "{api}/reservations/", {"service": HERE, "start": start}
        yield kind, "POST", "/api/v1/appointments/", own | {"service": HERE}
        yield kind, "POST", "{booking}/reschedule/", {"start": start, "service": HERE}
        yield kind, "GET", "/api/v1/appointments/", {"service": HERE}
    for kind in ("staff", "staff slug"):
        yield kind, "GET", "{api}/slots/", {"service": "cut", "from": day, "to": day, "staff": HERE}
        yield kind, "POST", "{api}/reservations/", {"service": "cut", "start": start, "staff": HERE}
        yield kind, "POST", "/api/v1/appointments/", own | {"staff": HERE}
        yield kind, "POST", "{booking}/reschedule/", {"start": start, "staff": HERE}
        yield kind, "GET", "/api/v1/appointments/", {"staff": HERE}
    yield (
        "reservation",
        "POST",
        "{api}/appointments/",
        {"reservation": HERE, "name": "Gino", "email": "g@example.com"},
    )
    yield from sent_to_admin()


def read_by_api() -> set[tuple[str, str, str]]:
    """Return method, path and name of each query parameter or field of a body that the API takes an id in."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            fields = {each["name"]: each["schema"] for each in operation.get("parameters", []) if each["in"] == "query"}
            body = operation.get("requestBody", {"content": {}})["content"].get("application/json")
            if body:
                name = body["schema"]["$ref"].rpartition("/")[2]
                fields |= document["components"]["schemas"][name]["properties"]
            ids = [name for name, schema in fields.items() if NAMED.get(name) or schema.get("format") == "uuid"]
            found |= {(method.upper(), path, name) for name in ids}
    return found


def test_every_id_that_the_api_reads_is_sent(theirs: Tenant) -> None:
    places = {"api": "/api/v1/businesses/{subdomain}", "booking": "/api/v1/appointments/{appointment_id}"}
    tried = {
        (method, path.format(**places), name)
        for _, method, path, with_id in sent(theirs)
        for name, value in with_id.items()
        if value == HERE and path.startswith(("/api/", "{"))
    }
    unsent = sorted(read_by_api() - tried)
    assert unsent == [], "these read an id that is never tried with another tenant's: add a line to sent() for each"


def sent_to_admin() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Return the same for the back office: filters, lookups, actions, and foreign keys of its forms."""
    lists = {
        "/admin/bookings/appointment/": {
            "staff__id__exact": "staff",
            "service__id__exact": "service",
            "id__exact": "appointment",
        },
        "/admin/businesses/service/": {"category__id__exact": "category", "business__id__exact": "business"},
        "/admin/businesses/availability/": {"staff__id__exact": "staff"},
        "/admin/audit/auditlog/": {"q": "appointment", "entity_id__exact": "appointment"},
    }
    for path, names in lists.items():
        for name, kind in names.items():
            yield kind, "GET", path, {name: HERE}
    for action in ("complete_selected", "no_show_selected"):
        chosen = {"action": action, "index": "0", "select_across": "0"}
        yield "appointment", "POST", "/admin/bookings/appointment/", chosen | {"_selected_action": HERE}
    hours = {"kind": "weekly", "weekday": "0", "opens": "06:00", "closes": "07:00"}
    yield "staff", "POST", "/admin/businesses/availability/add/", hours | {"staff": HERE}
    service = {
        "name": "New",
        "slug": "new",
        "duration_minutes": "30",
        "price_cents": "1",
        "max_simultaneous_bookings": "1",
    }
    empty = {f"assignments-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    more = {"position": "0", "buffer_before_minutes": "0", "buffer_after_minutes": "0"} | empty
    yield "category", "POST", "/admin/businesses/service/add/", service | more | {"category": HERE}
    row = {"assignments-TOTAL_FORMS": "1", "assignments-INITIAL_FORMS": "0"}
    yield (
        "staff",
        "POST",
        "/admin/businesses/service/add/",
        service | more | row | {"assignments-0-staff": HERE},
    )
    for kind in ("service", "staff"):
        yield kind, "POST", "/admin/bookings/appointment/add/", {kind: HERE, "name": "G", "key": "k" * 20}
    yield "business", "POST", "/admin/switch/", {"business": HERE}
    yield "appointment", "GET", "/admin/autocomplete/", {
        "app_label": "bookings", "model_name": "appointment", "field_name": "service", "term": HERE
    }  # fmt: skip


@pytest.mark.parametrize("visitor", VISITORS)
def test_an_id_that_is_sent_tells_no_more_than_one_that_never_was(visitor: str, mine: Tenant, theirs: Tenant) -> None:
    mine.shop.service("cut", max_simultaneous_bookings=9)
    places = {"api": mine.shop.api, "booking": f"/api/v1/appointments/{mine.ids['appointment']}"}
    before = written(theirs), written(mine)
    told = []
    for kind, method, path, with_id in sent(theirs):
        real, false = theirs.ids[kind], unlike(theirs.ids[kind])
        seen = []
        for identifier in (false, real, false):  # the first fills what the process keeps, such as content types
            what = {name: identifier if value == HERE else value for name, value in with_id.items()}
            seen.append(
                ask(
                    mine.browser(visitor),
                    method,
                    path.format(**places),
                    mine.tokens[visitor],
                    [real, false],
                    query=what,
                    body=what,
                )
            )
        told += differences(f"{method} {path} {kind}", *seen[1:])
    assert not told, "\n".join(told)
    assert (written(theirs), written(mine)) == before


def written(tenant: Tenant) -> dict[str, int]:
    """Return how many rows of each kind a tenant has, and how often any appointment of theirs was changed."""
    with acting_as(tenant.shop.owners):
        own = {"business_id": tenant.shop.business.id}
        counted = {
            model.__name__: model.objects.filter(**own).count() for model in (Appointment, Availability, Category)
        }
        versions = sum(Appointment.objects.filter(**own).values_list("version", flat=True))
        return counted | {"versions": versions, "holds": Reservation.objects.filter(**own, status="held").count()}
