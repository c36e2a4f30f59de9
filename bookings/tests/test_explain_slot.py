"""`manage.py explain_slot`: what it prints and refuses, and how a time is to be written."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from bookings.explain.asked_time import BadTime, read_time
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role

pytestmark = pytest.mark.django_db(transaction=True)
ROME, NEW_YORK = ZoneInfo("Europe/Rome"), ZoneInfo("America/New_York")


def local(shop: Shop, clock: str) -> str:
    return shop.at(clock).astimezone(shop.business.zone).strftime("%Y-%m-%d %H:%M")


def run(*arguments: str) -> None:
    with as_role("worker"):
        call_command("explain_slot", *arguments)


def test_it_prints_the_judgement_the_rules_and_the_events(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    booked = shop.book(shop.at("10:00"), shop.service(staff=["anna"]))
    run(shop.business.subdomain, "cut", local(shop, "10:00"))
    said = capsys.readouterr().out
    assert said.startswith("Shop: Cut\n")
    assert "10:00–10:30 CET (Europe/Rome)" in said or "10:00–10:30 CEST (Europe/Rome)" in said
    assert "Now: FULL" in said
    assert f"✗ Anna is busy: {booked.reference}, Gino: Cut with Anna, 10:00–10:30" in said
    assert "Nearest free: " in said
    assert f"Gino (guest) booked {booked.reference}" in said
    assert max(map(len, said.splitlines())) <= 100


def test_it_tells_how_it_was_when_it_was_refused(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    hold = shop.hold(shop.at("10:00"))
    refused_at = now()
    shop.commit(hold)
    for written in (refused_at.isoformat(), refused_at.astimezone(shop.business.zone).replace(tzinfo=None).isoformat()):
        run(shop.business.subdomain, str(shop.service().id), shop.at("10:00").isoformat(), "--at", written)
        said = capsys.readouterr().out
        assert f"At {refused_at.astimezone(shop.business.zone):%Y-%m-%d %H:%M:%S}: FULL" in said
        assert "A hold until " in said
        assert "Asked about: FULL → full" in said


def test_it_tells_which_room_is_short_and_how_many_places(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    yoga = shop.service("yoga", is_group=True, max_simultaneous_bookings=4, needs=["room"])
    bath = shop.service("bath", needs=["room"])
    shop.resource("room-1")
    booked = shop.book_by_staff(shop.at("10:00"), yoga, places=3)
    run(shop.business.subdomain, "yoga", local(shop, "10:00"), "--places", "2")
    assert "Short: 1 place left of 4." in capsys.readouterr().out
    run(shop.business.subdomain, bath.slug, local(shop, "10:00"))
    said = " ".join(capsys.readouterr().out.split())
    assert "Short: No room has the time." in said
    assert f"✗ Room-1 (room) is in use: {booked.reference}, Gino: Yoga (3 places) in Room-1, 10:00–10:30" in said
    with pytest.raises(CommandError):
        run(shop.business.subdomain, "yoga", local(shop, "10:00"), "--places", "0")


def test_it_explains_one_person_when_asked(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    cut = shop.service("cut", staff=["anna", "bob"], max_simultaneous_bookings=2)
    shop.book_by_staff(shop.at("10:00"), cut, staff=shop.person("anna"))
    run(shop.business.subdomain, "cut", local(shop, "10:00"), "--staff", "anna")
    assert "Now: FULL" in capsys.readouterr().out
    run(shop.business.subdomain, "cut", local(shop, "10:00"), "--staff", str(shop.person("bob").id))
    said = capsys.readouterr().out
    assert "Now: FREE" in said
    assert "✓ Bob is free" in said


def test_a_service_that_is_switched_off_is_explained_too(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.service("gone", is_active=False)
    run(shop.business.subdomain, "gone", local(shop, "10:00"))
    assert "Now: SERVICE_UNAVAILABLE" in capsys.readouterr().out


def test_a_terminal_gets_the_explanation_and_the_exit_codes(shop: Shop) -> None:
    shop.service()
    place, start = shop.business.subdomain, local(shop, "10:00")

    def exit_code(*arguments: str) -> int:
        command = [sys.executable, "manage.py", "explain_slot", *arguments]
        return subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False).returncode

    assert exit_code(place, "cut", start) == 0
    assert exit_code(place, "cut", "tomorrow") == 1
    assert exit_code(place, "cut") == 2
    assert exit_code(place, "cut", start, "--when", "now") == 2


@pytest.mark.parametrize(
    ("service", "start", "more", "complaint"),
    [
        ("nope", "2030-01-01 10:00", [], "There is no service “nope”."),
        ("a\0b", "2030-01-01 10:00", [], "There is no service"),
        ("cut", "2030-01-01", [], "Write a time as"),
        ("cut", "soon", [], "Write a time as"),
        ("cut", "2030-01-01 10:00", ["--at", "then"], "Write a time as"),
        ("cut", "2030-01-01 10:00", ["--at", "2200-01-01 10:00"], "still to come"),
        ("cut", "2030-01-01 10:00", ["--staff", "zoe"], "There is no staff member “zoe”."),
    ],
)
def test_what_is_unknown_or_no_time_is_refused(
    service: str, start: str, more: list[str], complaint: str, shop: Shop
) -> None:
    shop.service()
    with pytest.raises(CommandError, match=complaint):
        run(shop.business.subdomain, service, start, *more)


def test_an_unknown_business_is_refused_and_so_is_what_belongs_to_another(shop: Shop, other_shop: Shop) -> None:
    other_shop.service("theirs", staff=["zoe"])
    shop.service()
    with pytest.raises(CommandError, match="There is no business “nobody-here”"):
        run("nobody-here", "cut", "2030-01-01 10:00")
    for service, more in (
        (str(other_shop.service("theirs").id), ()),
        ("cut", ("--staff", str(other_shop.person("zoe").id))),
    ):
        with pytest.raises(CommandError, match="There is no "):
            run(shop.business.subdomain, service, "2030-01-01 10:00", *more)


# How a time is written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01 10:00", datetime(2026, 12, 1, 9, 0, tzinfo=UTC)),
        (" 2026-12-01T10:00 ", datetime(2026, 12, 1, 9, 0, tzinfo=UTC)),
        ("2026-12-01T10:00:30", datetime(2026, 12, 1, 9, 0, 30, tzinfo=UTC)),
        ("2026-12-01T10:00:00-05:00", datetime(2026, 12, 1, 15, 0, tzinfo=UTC)),
        ("2026-12-01T10:00:00Z", datetime(2026, 12, 1, 10, 0, tzinfo=UTC)),
    ],
)
def test_a_time_is_local_unless_it_has_an_offset(text: str, expected: datetime) -> None:
    assert read_time(text, ROME) == (expected, "")


@pytest.mark.parametrize(
    "text", ["", "x", "2026-12-01", "10:00", "2026-13-01 10:00", "0001-01-01 00:00", "9999-12-31 23:59"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadTime):
        read_time(text, ROME)


def clock_change(zone: ZoneInfo, *, forward: bool) -> datetime:
    """Return the first instant of the next change of clocks."""
    hour = now().replace(minute=0, second=0, microsecond=0)
    while True:
        hour += timedelta(hours=1)
        change = hour.astimezone(zone).utcoffset() - (hour - timedelta(hours=1)).astimezone(zone).utcoffset()  # type: ignore[operator]
        if change and (change > timedelta()) == forward:
            return hour


@pytest.mark.parametrize("zone", [ROME, NEW_YORK])
def test_a_time_that_the_clocks_skip_moves_forward_and_this_is_said(zone: ZoneInfo) -> None:
    change = clock_change(zone, forward=True)
    skipped = (change - timedelta(hours=1)).astimezone(zone).replace(tzinfo=None) + timedelta(hours=1, minutes=30)
    asked = read_time(skipped.isoformat(" "), zone)
    assert asked.instant == change + timedelta(minutes=30)
    assert asked.remark.startswith(f"The clocks skip {skipped:%H:%M}")


@pytest.mark.parametrize("zone", [ROME, NEW_YORK])
def test_a_time_that_the_clocks_show_twice_is_the_first_and_the_second_has_its_own_name(zone: ZoneInfo) -> None:
    change = clock_change(zone, forward=False)
    twice = (change + timedelta(minutes=30)).astimezone(zone).replace(tzinfo=None, fold=0)
    asked = read_time(twice.isoformat(" "), zone)
    assert asked.instant == change - timedelta(minutes=30)
    assert "twice" in asked.remark
    second = asked.remark.rpartition(" is ")[2].rstrip(".")
    assert read_time(second, zone) == (change + timedelta(minutes=30), "")
