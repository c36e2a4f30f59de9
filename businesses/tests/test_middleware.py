"""One request, one transaction: what an answer says decides what stays."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from businesses.middleware import TenancyMiddleware
from rhivo import claims
from rhivo.api.errors import problem
from rhivo.errors import Conflict, NotFound
from rhivo.testing.builder import Shop
from rhivo.testing.database import raw

pytestmark = pytest.mark.django_db(transaction=True)


def missing() -> HttpResponse:
    raise NotFound()


@pytest.mark.parametrize("face", ["/api/v1/businesses/{}/", "/b/{}/"])
@pytest.mark.parametrize(
    ("answer", "stays"),
    [
        (HttpResponse, 1),
        (lambda: HttpResponse(status=302), 1),
        (lambda: problem(Conflict()), 0),
        (lambda: problem(NotFound()), 0),
        (lambda: HttpResponse(status=404), 0),
        (lambda: HttpResponse(status=500), 0),
        (missing, 0),
    ],
    ids=["200", "redirect", "409 problem", "404 problem", "404", "500", "raised"],
)
def test_what_a_request_wrote_stays_unless_its_answer_is_a_refusal(
    shop: Shop, face: str, answer: Callable[[], HttpResponse], stays: int
) -> None:
    shop.service()

    def view(request: Any) -> HttpResponse:
        shop.hold(shop.at(), claims=claims.current())
        return answer()

    request: Any = RequestFactory().get(face.format(shop.business.subdomain), headers={"Host": "localhost"})
    request.session = {}
    TenancyMiddleware(view)(request)
    with raw("owner") as owner:
        row = owner.execute("SELECT count(*) FROM reservations WHERE business_id = %s", [shop.business.id]).fetchone()
    assert row == (stays,)
