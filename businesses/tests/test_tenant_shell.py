"""The tenant shell: inside one business or not at all."""

import subprocess
import sys

import pytest
from django.conf import settings

from businesses.management.commands.tenant_shell import TenantConsole
from businesses.models import Staff
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = "print(Business.objects.count(), [s.slug for s in Staff.objects.all()], Appointment.objects.count())"


def shell(*arguments: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", "tenant_shell", *arguments]
    return subprocess.run(command, cwd=settings.BASE_DIR, input=given, capture_output=True, text=True)


@pytest.fixture
def shops_with_bookings(shop: Shop, other_shop: Shop) -> Shop:
    for each in (shop, other_shop):
        each.book(each.at("10:00"), each.service("cut", staff=["anna"]))
    return shop


def test_nothing_of_other_businesses_is_seen(shops_with_bookings: Shop) -> None:
    done = shell(shops_with_bookings.business.subdomain, "-c", COUNT)
    assert (done.returncode, done.stdout) == (0, "1 ['anna'] 1\n")
    assert f"Acting as the owner of {shops_with_bookings.business.name}" in done.stderr


def test_standard_input_is_run_too(shops_with_bookings: Shop) -> None:
    assert shell(shops_with_bookings.business.subdomain, given=f"\n{COUNT}\n").stdout == "1 ['anna'] 1\n"


def test_it_does_not_open_without_a_business() -> None:
    assert shell().returncode == 2
    done = shell("no-such-business", "-c", "print(1)")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no business “no-such-business”." in done.stderr


def test_code_that_raises_changes_nothing(shop: Shop) -> None:
    shop.person("anna")
    assert shell(shop.business.subdomain, "-c", "Staff.objects.update(name='X'); 1/0").returncode == 1
    assert Staff.objects.get(business=shop.business).name == "Anna"


def test_each_input_at_the_prompt_is_a_transaction_under_the_claims(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.person("anna")
    with as_role("worker"):
        console = TenantConsole(shop.business, {"Staff": Staff})
        console.push("Staff.objects.update(name='Lost'); 1/0")
        console.push("[each.name for each in Staff.objects.all()]")
        console.push("Staff.objects.update(title='Boss')")
    assert "['Anna']" in capsys.readouterr().out
    assert Staff.objects.get(business=shop.business).title == "Boss"
