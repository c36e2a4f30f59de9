"""A business that is switched off: whoever comes with a token or session from before gets an answer, never a 500."""

from typing import Any
from uuid import uuid4

import pytest

from rhivo.testing.addresses import BUSINESS, INSTALLATION, addresses, filled, parameters
from rhivo.testing.builder import Shop
from rhivo.testing.clients.api_client import Api
from rhivo.testing.database import raw
from rhivo.testing.tenants import Tenant, furnished
from rhivo.tests.test_http_matrix import named_in

pytestmark = pytest.mark.django_db
VISITORS = ("nobody", "guest", "customer", "staff", "owner")


@pytest.fixture
def tenant(shop: Shop) -> Tenant:
    furnished_shop = furnished(shop)
    with raw("owner") as owner:
        owner.execute("UPDATE businesses SET is_active = false WHERE id = %s", [shop.business.id])
    return furnished_shop


def path_of(template: str, tenant: Tenant) -> str:
    named = named_in(template)
    values = {"subdomain": tenant.shop.business.subdomain, "app_label": "businesses"}
    ids = {name: tenant.ids.get(named[name]) or values.get(name) or str(uuid4()) for name in parameters(template)}
    return filled(template, ids)


def in_api(template: str) -> bool:
    return template.startswith("/api/")


@pytest.mark.parametrize("visitor", VISITORS)
def test_no_address_of_the_api_breaks(visitor: str, tenant: Tenant) -> None:
    api, broken = Api().with_token(tenant.tokens[visitor]), []
    for path in [path_of(template, tenant) for template in addresses(INSTALLATION) if in_api(template)]:
        answers: dict[str, Any] = {"GET": api.get(path), "POST": api.post(path, {}, version=1)}
        answers["DELETE"] = api.delete(path)
        broken += [(verb, path) for verb, answer in answers.items() if answer.status_code >= 500]
    assert broken == []


@pytest.mark.parametrize("visitor", VISITORS)
def test_no_page_breaks(visitor: str, tenant: Tenant) -> None:
    subdomain, broken = tenant.shop.business.subdomain, []
    hosts = {"localhost": INSTALLATION, f"{subdomain}.localhost": BUSINESS}
    for host, urlconf in hosts.items():
        browser = tenant.browser(visitor, host)
        paths = [path_of(template, tenant) for template in addresses(urlconf) if not in_api(template)]
        paths += [f"/b/{subdomain}{path}" for path in paths if urlconf == BUSINESS]
        # It looks at the installation's servers and answers 503 where one is missing.
        for path in sorted(set(paths) - {"/readyz", "/admin/logout/", "/log-out/"}):
            broken += [(host, path)] if browser.get(path).status_code >= 500 else []
    assert broken == []
