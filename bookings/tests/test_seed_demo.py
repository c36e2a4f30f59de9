"""The demo: loads once, stays within the rules, sends nothing."""

from collections import Counter, defaultdict
from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import call_command

from bookings.guarantees import violations
from bookings.models import Appointment, Status
from bookings.models.appointment import AppointmentQuerySet
from businesses.models import Business, User
from businesses.tenant_file import import_business
from notifications.models import NotificationLog
from rhivo.clock import now
from rhivo.shell.demo_data.demo_businesses import PASSWORD, PEOPLE, SHOPS
from rhivo.testing.database import as_role

pytestmark = pytest.mark.django_db(transaction=True)


def seed_demo(*arguments: str) -> str:
    said = StringIO()
    with as_role("worker"):
        call_command("seed_demo", *arguments, stdout=said)
    return said.getvalue()


def bookings_of(subdomain: str) -> AppointmentQuerySet:
    return Appointment.objects.filter(business__subdomain=subdomain)


@pytest.fixture
def _loaded(django_db_setup: None) -> None:
    seed_demo()


@pytest.mark.usefixtures("_loaded")
class TestLoaded:
    def test_loading_again_changes_nothing(self) -> None:
        with as_role("worker"):
            before = Appointment.objects.filter(business__subdomain__in=[shop.subdomain for shop in SHOPS]).count()
            assert seed_demo() == "".join(f"{shop.name} is loaded already.\n" for shop in SHOPS)
            after = Appointment.objects.filter(business__subdomain__in=[shop.subdomain for shop in SHOPS]).count()
        assert before == after

    @pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop.subdomain)
    def test_every_business_has_weeks_of_bookings(self, shop: object) -> None:
        subdomain = shop.subdomain  # type: ignore[attr-defined]
        with as_role("worker"):
            bookings = list(Appointment.objects.filter(business__subdomain=subdomain))
        fates = Counter((one.status, one.starts_at > now()) for one in bookings)
        assert 20 <= len(bookings) <= 45
        assert fates[Status.COMPLETED, False] >= 5
        assert fates[Status.CONFIRMED, True] >= 5
        assert fates[Status.CONFIRMED, False] == 0
        assert any(one.customer_id for one in bookings)

    def test_it_keeps_every_guarantee(self) -> None:
        with as_role("worker"):
            demo = Business.objects.filter(subdomain__in=[shop.subdomain for shop in SHOPS])
            assert list(violations(list(demo.values_list("id", flat=True)))) == []

    def test_the_barber_cuts_hair_while_a_colour_works(self) -> None:
        with as_role("worker"):
            colours = bookings_of("blue-barber").filter(service__slug="colour", status=Status.CONFIRMED)
            cuts = bookings_of("blue-barber").filter(service__slug="cut", status=Status.CONFIRMED)
            starts = {(cut.staff_id, cut.starts_at) for cut in cuts}
            assert any(
                (colour.staff_id, colour.starts_at + timedelta(minutes=colour.processing_after_minutes)) in starts
                for colour in colours
            )

    def test_the_acupuncturist_has_two_patients_at_a_time_in_two_rooms(self) -> None:
        with as_role("worker"):
            treated = bookings_of("harbour-clinic").filter(service__slug="acupuncture", status=Status.CONFIRMED)
            rooms: defaultdict[object, set[UUID]] = defaultdict(set)
            for booking in treated:
                rooms[booking.staff_id, booking.starts_at] |= set(booking.resource_ids)
            assert max(map(len, rooms.values())) == 2

    def test_the_studio_s_classes_have_a_hall_and_bookings_of_several_places(self) -> None:
        with as_role("worker"):
            classes = list(bookings_of("lotus-yoga").filter(service__is_group=True))
            together = defaultdict(list)
            for booking in classes:
                together[booking.service_id, booking.starts_at].append(booking.places)
            assert {len(booking.resource_ids) for booking in classes} == {1}
            assert any(len(places) >= 3 and sum(places) >= 6 for places in together.values())

    def test_no_service_of_the_demo_is_kept_below_its_people(self) -> None:
        with as_role("worker"):
            assert [import_business(shop.tenant_file.read_bytes()).notes for shop in SHOPS] == [(), (), ()]

    def test_no_mail_is_left_to_send(self) -> None:
        with as_role("worker"):
            logs = NotificationLog.objects.filter(business__subdomain__in=[shop.subdomain for shop in SHOPS])
            assert set(logs.values_list("status", flat=True)) == {"sent"}

    def test_everyone_can_log_in(self) -> None:
        with as_role("worker"):
            for person in PEOPLE:
                user = User.objects.get(email=person.email)
                assert user.check_password(PASSWORD)
                assert user.email_verified_at is not None

    def test_the_businesses_are_in_the_directory(self) -> None:
        listed = set(Business.objects.listed().values_list("subdomain", flat=True))
        assert {shop.subdomain for shop in SHOPS} <= listed


def test_the_list_names_every_business_and_person() -> None:
    said = seed_demo("--list")
    assert all(f"/b/{shop.subdomain}/" in said for shop in SHOPS)
    assert all(person.email in said for person in PEOPLE)
    assert PASSWORD in said
