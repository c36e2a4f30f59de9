"""The OpenAPI document of a process that was just started."""

from pathlib import Path

import pytest

from rhivo.testing.clients.http_client import Call
from rhivo.testing.real_servers.web_server import serving

pytestmark = pytest.mark.django_db(transaction=True)


def test_many_may_ask_for_it_at_once(django_db_setup: None, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        answers = server.storm([Call("/api/v1/schema/", method="GET")] * 16, lanes=16)
    assert [answer.status for answer in answers] == [200] * 16
