"""The tenant file: what is refused and where, what an import changes, and that an export comes back as nothing."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.db import transaction

from businesses.models import Availability, Business, Membership, Service, Staff, User
from businesses.tenant_file import MAX_BYTES, Imported, TenantFileRefused, export_business, import_business
from rhivo.claims import Claims, acting_as
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role
from rhivo.testing.factories import unique
from rhivo.testing.race import race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _operator(django_db_setup: None) -> Iterator[None]:
    """Run every test as operators do, on the worker's login."""
    with as_role("worker"):
        yield


@pytest.fixture
def subdomain() -> str:
    return unique("file")


def salon(subdomain: str, **changes: Any) -> dict[str, Any]:
    """Return a complete file as a mapping."""
    return {
        "subdomain": subdomain,
        "name": "Salon",
        "timezone": "Europe/Rome",
        "locale": "it",
        "currency": "EUR",
        "booking": {"slot_interval_minutes": 15},
        "requirements": {
            "email": True,
            "phone": True,
            "questions": [{"key": "drink", "label": "Drink?", "kind": "choice", "choices": ["Tea", "Coffee"]}],
        },
        "policy": {"cancellation": False},
        "hours": {"monday": [["09:00", "13:00"], ["14:00", "24:00"]], "sunday": []},
        "exceptions": [
            {"date": "2027-10-31", "closed": True, "reason": "Holiday"},
            {"from": "2027-12-24", "to": "2027-12-25", "windows": [["10:00", "12:00"], ["12:30", "14:00"]]},
        ],
        "staff": [
            {"slug": "anna", "name": "Anna", "hours": {"monday": [["09:00", "13:00"]]}},
            {"slug": "bea", "name": "Bea", "exceptions": [{"date": "2027-03-01", "closed": True}]},
        ],
        "categories": [
            {
                "name": "Hair",
                "services": [
                    {"slug": "cut", "name": "Cut", "duration_minutes": 30, "price_cents": 2500, "staff": ["anna"]},
                    {"slug": "wash", "name": "Wash", "duration_minutes": 15, "slot_interval_minutes": 20},
                ],
            },
            {"name": "Empty"},
        ],
        "services": [{"slug": "talk", "name": "Talk", "duration_minutes": 10}],
        "owner": {"email": f"{subdomain}@example.com", "name": "Ada"},
    } | changes


def load(document: Any, *, replace: bool = False) -> Imported:
    content = document if isinstance(document, bytes) else yaml.safe_dump(document).encode()
    return import_business(content, replace=replace)


def refusals(document: Any) -> dict[str, list[str]]:
    with pytest.raises(TenantFileRefused) as refused:
        load(document)
    return refused.value.errors


def owner_of(business: Business) -> Claims:
    return Claims(business_id=business.id, role="owner")


BAD = [
    ({"subdomain": "a"}, "subdomain"),
    ({"subdomain": "admin"}, "subdomain"),
    ({"subdomain": "-salon"}, "subdomain"),
    ({"subdomain": 12}, "subdomain"),
    ({"name": ""}, "name"),
    ({"name": "x" * 121}, "name"),
    ({"name": "two\nlines"}, "name"),
    ({"name": None}, "name"),
    ({"timezone": "Rome"}, "timezone"),
    ({"locale": "fr"}, "locale"),
    ({"currency": "euro"}, "currency"),
    ({"accent_color": "blue"}, "accent_color"),
    ({"email": "nobody"}, "email"),
    ({"active": "true"}, "active"),
    ({"colour": "blue"}, "colour"),
    ({"booking": []}, "booking"),
    ({"booking": {"hold_minutes": 31}}, "booking.hold_minutes"),
    ({"booking": {"slot_interval_minutes": 7}}, "booking.slot_interval_minutes"),
    ({"booking": {"min_notice_minutes": "60"}}, "booking.min_notice_minutes"),
    ({"booking": {"max_advance_days": 1.5}}, "booking.max_advance_days"),
    ({"booking": {"max_advance_days": True}}, "booking.max_advance_days"),
    ({"booking": {"holds": 1}}, "booking.holds"),
    ({"requirements": {"email": False}}, "requirements"),
    ({"requirements": {"questions": {}}}, "requirements.questions"),
    ({"requirements": {"questions": [{"key": "a", "label": "A", "kind": "b"}]}}, "requirements.questions[0].kind"),
    ({"policy": {"cancellation_deadline_hours": 169}}, "policy.cancellation_deadline_hours"),
    ({"hours": []}, "hours"),
    ({"hours": {"funday": []}}, "hours.funday"),
    ({"hours": {"monday": "09:00-13:00"}}, "hours.monday"),
    ({"hours": {"monday": [["09:00"]]}}, "hours.monday[0]"),
    ({"hours": {"monday": [["09:02", "13:00"]]}}, "hours.monday[0]"),
    ({"hours": {"monday": [["9", "13:00"]]}}, "hours.monday[0]"),
    ({"hours": {"monday": [[540, 780]]}}, "hours.monday[0]"),
    ({"hours": {"monday": [["09:00", "24:05"]]}}, "hours.monday[0]"),
    ({"hours": {"monday": [["09:00", "09:00"]]}}, "hours.monday[0]"),
    ({"hours": {"friday": [["22:00", "02:00"]]}}, "hours.friday[0]"),
    ({"hours": {"monday": [["09:00", "13:00"], ["13:00", "18:00"]]}}, "hours.monday[1]"),
    ({"hours": {"monday": [["14:00", "18:00"], ["09:00", "15:00"]]}}, "hours.monday[1]"),
    ({"exceptions": [{"closed": True}]}, "exceptions[0]"),
    ({"exceptions": [{"date": "2027-01-01", "from": "2027-01-01", "closed": True}]}, "exceptions[0]"),
    ({"exceptions": [{"date": "2027-02-30", "closed": True}]}, "exceptions[0].date"),
    ({"exceptions": [{"date": "20270201", "closed": True}]}, "exceptions[0].date"),
    ({"exceptions": [{"from": "2027-02-02", "to": "2027-02-01", "closed": True}]}, "exceptions[0].to"),
    ({"exceptions": [{"date": "2027-01-01"}]}, "exceptions[0]"),
    ({"exceptions": [{"date": "2027-01-01", "closed": False}]}, "exceptions[0]"),
    ({"exceptions": [{"date": "2027-01-01", "closed": True, "windows": [["09:00", "10:00"]]}]}, "exceptions[0]"),
    ({"exceptions": [{"date": "2027-01-01", "closed": True, "reason": "x" * 121}]}, "exceptions[0].reason"),
    ({"exceptions": [{"date": "2027-01-01", "windows": [["10:00", "09:00"]]}]}, "exceptions[0].windows[0]"),
    ({"staff": {"anna": {}}}, "staff"),
    ({"staff": ["anna"]}, "staff[0]"),
    ({"staff": [{"name": "Anna"}]}, "staff[0].slug"),
    ({"staff": [{"slug": "Anna", "name": "Anna"}]}, "staff[0].slug"),
    ({"staff": [{"slug": "anna"}]}, "staff[0].name"),
    ({"staff": [{"slug": "a", "name": "A"}, {"slug": "a", "name": "B"}]}, "staff[1].slug"),
    ({"staff": [{"slug": "a", "name": "A", "hours": {"monday": [["1", "2"]]}}]}, "staff[0].hours.monday[0]"),
    ({"staff": [{"slug": "a", "name": "A", "exceptions": [{}]}]}, "staff[0].exceptions[0]"),
    ({"categories": [{"services": []}]}, "categories[0].name"),
    ({"categories": [{"name": "A"}, {"name": "A"}]}, "categories[1].name"),
    ({"services": [{"slug": "a", "name": "A"}]}, "services[0].duration_minutes"),
    ({"services": [{"slug": "a", "name": "A", "duration_minutes": 7}]}, "services[0].duration_minutes"),
    ({"services": [{"slug": "a", "name": "A", "duration_minutes": 5, "price": 1}]}, "services[0].price"),
    ({"services": [{"slug": "a", "name": "A", "duration_minutes": 5, "staff": ["zoe"]}]}, "services[0].staff[0]"),
    ({"owner": {"email": "nobody", "name": "A"}}, "owner.email"),
    ({"owner": {"email": "a@example.com"}}, "owner.name"),
]


@pytest.mark.parametrize(("changes", "path"), BAD)
def test_a_bad_value_is_refused_at_its_path_and_nothing_is_written(
    subdomain: str, changes: dict[str, Any], path: str
) -> None:
    document = {"subdomain": subdomain, "name": "S", "timezone": "UTC", "currency": "EUR"} | changes
    assert list(refusals(document)) == [path]
    assert not Business.objects.filter(subdomain=subdomain).exists()


def test_all_that_is_wrong_is_told_at_once(subdomain: str) -> None:
    document = salon(subdomain, currency="euro", colour="blue")
    document["staff"][0]["hours"]["monday"].append(["13:00", "18:00"])
    document["categories"][0]["services"][1]["duration_minutes"] = 16
    assert set(refusals(document)) == {
        "currency",
        "colour",
        "staff[0].hours.monday[1]",
        "categories[0].services[1].duration_minutes",
    }


def test_special_windows_of_one_date_must_be_apart(subdomain: str) -> None:
    lapping = [
        {"from": "2027-05-01", "to": "2027-05-09", "windows": [["09:00", "12:00"]]},
        {"date": "2027-05-09", "windows": [["12:00", "14:00"]]},
        {"date": "2027-05-10", "windows": [["12:00", "14:00"]]},
    ]
    assert list(refusals(salon(subdomain, exceptions=lapping))) == ["exceptions[1].windows"]


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"", "(file)"),
        (b"- a\n- b\n", "(file)"),
        (b"a: [1, 2\n", "(file)"),
        (b"a: 1\n---\nb: 2\n", "(file)"),
        (b"\xff\xfe", "(file)"),
        (b"name: a\nname: b\n", "name"),
        (b"booking: {hold_minutes: 5, hold_minutes: 6}\n", "booking.hold_minutes"),
        (b'{"booking": {"hold_minutes": 5, "hold_minutes": 6}}', "booking.hold_minutes"),
        (b"name: &a b\ntagline: *a\n", "tagline"),
        (b"name: !!python/object/apply:os.system ['true']\n", "name"),
        (b"name: !secret x\n", "name"),
        (b'{"name": "a\\u0000b"}', "name"),
        (b"[" * 5000, "(file)"),
        (b"- " * 50_000, "(file)"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "(file)"),
        (b"a: " + b"x" * MAX_BYTES, "(file)"),
    ],
)
def test_what_cannot_be_read_as_one_plain_document_is_refused(content: bytes, path: str) -> None:
    assert path in refusals(content)


def test_times_and_dates_need_no_quotes(subdomain: str) -> None:
    text = f"{{subdomain: {subdomain}, name: S, timezone: UTC, currency: EUR,"
    text += "hours: {monday: [[09:00, 13:00], [14:00, 24:00]]}, exceptions: [{date: 2027-10-31, closed: true}]}"
    business = load(text.encode()).business
    with acting_as(owner_of(business)):
        weekly = Availability.objects.weekly().filter(business=business).values_list("opens", "closes")
        assert sorted(weekly) == [(540, 780), (840, 1440)]


def test_a_new_business_has_the_models_defaults_for_what_is_left_out(subdomain: str) -> None:
    business = load({"subdomain": subdomain, "name": "S", "timezone": "UTC", "currency": "EUR"}).business
    fresh = Business()
    for name in ("slot_interval_minutes", "hold_minutes", "requires_email", "accent_color", "is_listed"):
        assert getattr(business, name) == getattr(fresh, name)


def test_an_export_comes_back_as_nothing_and_is_the_same_each_time(subdomain: str) -> None:
    load(salon(subdomain))
    exported = export_business(subdomain)
    before = versions(subdomain)
    assert load(exported.encode(), replace=True).changes == ()
    assert versions(subdomain) == before
    assert export_business(subdomain) == exported


def test_an_export_makes_the_same_business_elsewhere(subdomain: str) -> None:
    load(salon(subdomain))
    exported = export_business(subdomain)
    twin = unique("twin")
    load(exported.replace(f"subdomain: {subdomain}", f"subdomain: {twin}").encode())
    assert export_business(twin) == exported.replace(f"subdomain: {subdomain}", f"subdomain: {twin}")


def test_json_means_the_same(subdomain: str) -> None:
    load(salon(subdomain))
    assert load(json.dumps(salon(subdomain), indent="\t").encode()).changes == ()


def versions(subdomain: str) -> list[Any]:
    business = Business.objects.get(subdomain=subdomain)
    services = Service.objects.filter(business=business).order_by("slug").values_list("slug", "version")
    staff = Staff.objects.filter(business=business).order_by("slug").values_list("slug", "version")
    return [business.version, *services, *staff]


def test_only_what_differs_is_written(subdomain: str) -> None:
    load(salon(subdomain))
    before = versions(subdomain)
    assert load({"subdomain": subdomain, "staff": [{"slug": "bea", "title": "Boss"}]}).changes == ("staff changed: 1",)
    assert [new for new, old in zip(versions(subdomain), before, strict=True) if new != old] == [("bea", 2)]


def test_what_an_update_leaves_out_stays(subdomain: str) -> None:
    load(salon(subdomain))
    exported = export_business(subdomain)
    load({"subdomain": subdomain, "tagline": "New"})
    assert export_business(subdomain) == exported.replace("tagline: ''", "tagline: New")


def test_hours_that_are_given_replace_the_whole_week(subdomain: str) -> None:
    load(salon(subdomain))
    load({"subdomain": subdomain, "hours": {"tuesday": [["10:00", "11:00"]]}, "exceptions": []})
    exported = yaml.safe_load(export_business(subdomain))
    assert exported["hours"] == {"tuesday": [["10:00", "11:00"]]}
    assert exported["exceptions"] == []
    assert exported["staff"][0]["hours"] == {"monday": [["09:00", "13:00"]]}


LESS = {"staff": [{"slug": "bea"}], "categories": [{"name": "Nails", "services": [{"slug": "wash"}]}]}


def test_without_replace_what_is_not_named_stays(subdomain: str) -> None:
    load(salon(subdomain))
    load({"subdomain": subdomain} | LESS)
    exported = yaml.safe_load(export_business(subdomain))
    assert [member["slug"] for member in exported["staff"]] == ["anna", "bea"]
    assert {heading["name"] for heading in exported["categories"]} == {"Hair", "Empty", "Nails"}


def test_with_replace_what_is_not_named_is_removed(subdomain: str) -> None:
    load(salon(subdomain))
    load({"subdomain": subdomain} | LESS, replace=True)
    exported = yaml.safe_load(export_business(subdomain))
    assert [member["slug"] for member in exported["staff"]] == ["bea"]
    assert [heading["name"] for heading in exported["categories"]] == ["Nails"]
    assert [service["slug"] for service in exported["categories"][0]["services"]] == ["wash"]
    assert exported["services"] == []


def test_with_replace_a_list_that_is_left_out_stays(subdomain: str) -> None:
    load(salon(subdomain))
    exported = export_business(subdomain)
    assert load({"subdomain": subdomain, "name": "Salon"}, replace=True).changes == ()
    assert export_business(subdomain) == exported


def test_with_replace_a_service_may_not_name_who_is_removed(subdomain: str) -> None:
    load(salon(subdomain))
    document = {"subdomain": subdomain, "staff": [{"slug": "bea"}], "services": [{"slug": "cut", "staff": ["anna"]}]}
    with pytest.raises(TenantFileRefused) as refused:
        load(document, replace=True)
    assert list(refused.value.errors) == ["services[0].staff[0]"]
    assert load(document).created is False


def test_what_bookings_refer_to_is_deactivated_instead(shop: Shop) -> None:
    service = shop.service("cut", staff=["anna"])
    shop.service("wash", staff=["bea"])
    shop.book(shop.at("10:00"), service)
    load({"subdomain": shop.business.subdomain, "staff": [], "categories": [], "services": []}, replace=True)
    exported = yaml.safe_load(export_business(shop.business.subdomain))
    assert [(member["slug"], member["active"]) for member in exported["staff"]] == [("anna", False)]
    assert [(each["slug"], each["active"]) for each in exported["services"]] == [("cut", False)]


def test_a_new_owner_is_invited_once(subdomain: str) -> None:
    imported = load(salon(subdomain))
    assert imported.invitation is not None
    assert not imported.invitation.user.has_usable_password()
    assert load(salon(subdomain)).invitation is None


def test_an_existing_account_keeps_its_password_and_becomes_an_owner(shop: Shop, subdomain: str) -> None:
    owner = {"email": shop.customer.email.upper(), "name": "Other"}
    imported = load(salon(subdomain, owner=owner))
    kept = User.objects.get(pk=shop.customer.pk)
    assert (kept.password, kept.name) == (shop.customer.password, shop.customer.name)
    with acting_as(owner_of(imported.business)), transaction.atomic():
        assert Membership.objects.get(business=imported.business).user_id == kept.pk
    assert imported.invitation is None


def test_two_imports_of_one_new_business_at_once_make_one(subdomain: str) -> None:
    def attempt(_: int) -> str:
        with as_role("worker"):
            return "created" if load(salon(subdomain)).created else "found it"

    outcomes = race(4, attempt)
    assert outcomes["created"] == 1
    assert set(outcomes) <= {"created", "found it", "CHANGED_MEANWHILE"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["import_business", "/nowhere.yaml"], 2, "cannot be read"),
        (["import_business"], 2, "required: FILE"),
        (["import_business", "-"], 1, "(file): It is empty."),
        (["export_business", "no-such-business"], 1, "There is no business"),
    ],
)
def test_exit_codes(arguments: list[str], code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=settings.BASE_DIR, input="", capture_output=True, text=True
    )
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (code, True, False)


def test_the_examples_of_the_manual_import() -> None:
    manual = (Path(settings.BASE_DIR) / "docs" / "tenant-file.md").read_text()
    examples = re.findall(r"^```yaml\n(.*?)^```", manual, re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        imported = load(re.sub(r"^subdomain: (\S+)", unique("subdomain: \\1"), example).encode(), replace=True)
        assert imported.created
