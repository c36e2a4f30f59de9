"""Loading the demo: tenant files through the same import as any, bookings through the same operations as any.

Each business is one transaction: it is loaded whole or not at all.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

from django.db import transaction

from bookings import operations
from bookings.contact import Contact
from bookings.errors import LimitReached, SlotUnavailable, StaffUnavailable
from bookings.load_calendar import calendar_of_days
from bookings.models import Appointment
from bookings.rules.reasons import Override
from businesses.models import Business, Membership, MembershipRole, Service, Staff, User
from businesses.tenant_file import import_business
from notifications.models import DeliveryStatus, NotificationLog
from rhivo.claims import Claims, acting_as
from rhivo.shell.demo_data.demo_businesses import (
    CARLA,
    DAN,
    PASSWORD,
    PEOPLE,
    SHOPS,
    DemoShop,
    Highlight,
    Person,
    dated_parts,
)

SEED = 7
PAST_DAYS, COMING_DAYS = 21, 18
PAST, COMING = 16, 14  # bookings in those days
HIGHLIGHT_DAYS = 28  # longer than any of the demo's holidays
CLASS_SIZES = (2, 3, 5)  # bookings of one class
PLACES = (1, 1, 2, 3)  # a parent comes with two children, most come alone
WEB_BOOKINGS = {CARLA: 3, DAN: 2}
NOT_SENT = "Demo data: not sent."


def load_demo(*, at: datetime) -> Iterator[str]:
    """Load what is not there yet, as the worker role; yield a line on each business."""
    for shop in SHOPS:
        if Business.objects.filter(subdomain=shop.subdomain).exists():
            yield f"{shop.name} is loaded already."
        else:
            yield f"{shop.name}: {_load(shop, at=at)} bookings."


@transaction.atomic
def _load(shop: DemoShop, *, at: datetime) -> int:
    for person in PEOPLE:
        _account(person, at=at)
    business = import_business(shop.tenant_file.read_bytes()).business
    # A second file over the first: its dates are counted from today, so that the demo does not grow old.
    parts = dated_parts(shop.subdomain, at.astimezone(business.zone).date())
    import_business(json.dumps(parts).encode())
    owner = User.objects.get(email=f"owner@{shop.subdomain}.example")
    with acting_as(Claims(business_id=business.id, user_id=owner.id, role="owner")):
        _employ(business)
        return _Diary(business, shop, at).fill()


def _account(person: Person, *, at: datetime) -> User:
    """Return a person's account, made with the demo's password and a proved address if it is missing."""
    found = User.objects.filter(email=person.email).first()
    return found or User.objects.create_user(
        person.email, PASSWORD, name=person.name, phone=person.phone, email_verified_at=at
    )


def _employ(business: Business) -> None:
    for person in PEOPLE:
        if person.works_at and person.works_at[0] == business.subdomain:
            Membership.objects.create(
                business=business,
                user=User.objects.get(email=person.email),
                role=MembershipRole.STAFF,
                staff=Staff.objects.get(business=business, slug=person.works_at[1]),
            )


class _Diary:
    """Fills the weeks around an instant; the same bookings for the same day."""

    def __init__(self, business: Business, shop: DemoShop, at: datetime) -> None:
        self.business, self.shop, self.at = business, shop, at
        self.today = at.astimezone(business.zone).date()
        self.random = Random(SEED)  # noqa: S311 - to be the same each time
        self.numbers = count(1)

    def fill(self) -> int:
        """Book, say how the past ones went, cancel one to come, and return how many there are."""
        past = list(self._by_phone(self.today - timedelta(days=PAST_DAYS), self.today - timedelta(days=1), PAST))
        for appointment in past:
            self._close(appointment)
        shown = self._highlights(self.today + timedelta(days=2), self.today + timedelta(days=HIGHLIGHT_DAYS))
        coming = list(self._by_phone(self.today + timedelta(days=1), self.today + timedelta(days=COMING_DAYS), COMING))
        self._cancel(coming[-1])
        booked = [one for person, wanted in WEB_BOOKINGS.items() for one in self._on_the_web(person, wanted)]
        # In the transaction of the bookings, so that no worker ever sees them unsent: nobody wants a hundred
        # confirmations of what never happened.
        NotificationLog.objects.filter(business=self.business, status=DeliveryStatus.PENDING).update(
            status=DeliveryStatus.SENT, last_error=NOT_SENT
        )
        return len(past) + len(shown) + len(coming) + len(booked)

    def _highlights(self, first: date, last: date) -> list[Appointment]:
        """Book the shop's highlights at the first start at which all of them fit."""
        leading = self._service(self.shop.highlights[0].service)
        for start in self._free_starts(leading, first, last):
            try:
                with transaction.atomic():
                    return [self._highlight(each, start) for each in self.shop.highlights]
            except (SlotUnavailable, StaffUnavailable):
                continue
        return []

    def _highlight(self, highlight: Highlight, start: datetime) -> Appointment:
        return self._book(
            self._service(highlight.service),
            start + timedelta(minutes=highlight.minutes),
            staff=Staff.objects.get(business=self.business, slug=highlight.staff),
            places=highlight.places,
        )

    def _service(self, slug: str) -> Service:
        service = Service.objects.get(business=self.business, slug=slug)
        # Else each of its bookings reads the business once more.
        service.business = self.business
        return service

    def _free_starts(self, service: Service, first: date, last: date) -> list[datetime]:
        """Return the starts of a service in a range of days that could be booked, by what is booked now."""
        # Slots are looked for as of a week before the first day: of days that are over none would be free today.
        opened = min(self.at, datetime.combine(first, datetime.min.time(), self.business.zone) - timedelta(days=7))
        calendar = calendar_of_days(self.business, service, first=first, last=last, at=opened)
        days = calendar.days(first, last, at=self.at if first > self.today else opened)
        return [slot.start for _, slots in days for slot in slots]

    def _starts(self, first: date, last: date) -> list[tuple[Service, datetime]]:
        """Return some starts of each service, in no order to speak of; a booking of one may take another's."""
        found: list[tuple[Service, datetime]] = []
        # In a fixed order: else the same seed would give other bookings.
        for slug in Service.objects.filter(business=self.business).order_by("slug").values_list("slug", flat=True):
            service = self._service(slug)
            starts = self._free_starts(service, first, last)
            found += [(service, start) for start in self.random.sample(starts, min(len(starts), PAST * 2))]
        self.random.shuffle(found)
        return found

    def _by_phone(self, first: date, last: date, wanted: int) -> Iterator[Appointment]:
        """Book on the phone until there are enough; a class gets several bookings, some of several places."""
        made = 0
        # Staff may write down a booking whose time is over.
        overrides = [Override.NOTICE] if first < self.today else []
        for service, start in self._starts(first, last):
            for _ in range(self.random.choice(CLASS_SIZES) if service.is_group else 1):
                if made == wanted:
                    return
                try:
                    booked = self._book(service, start, places=self._places(service), overrides=overrides)
                except (SlotUnavailable, StaffUnavailable):
                    continue
                made += 1
                yield booked

    def _book(
        self,
        service: Service,
        start: datetime,
        *,
        staff: Staff | None = None,
        places: int = 1,
        overrides: Sequence[Override] = (),
    ) -> Appointment:
        number = next(self.numbers)
        return operations.book_for_customer(
            business=self.business,
            service=service,
            start=start,
            contact=self.shop.guest(number),
            key=f"demo booking {number}",
            at=self.at,
            staff=staff,
            places=places,
            notes=self.random.choice(self.shop.notes),
            overrides=overrides,
        ).appointment

    def _places(self, service: Service) -> int:
        return self.random.choice(PLACES) if service.is_group else 1

    def _close(self, appointment: Appointment) -> None:
        fate = self.random.choices(
            [operations.complete_appointment, operations.mark_no_show, operations.cancel_appointment], [8, 1, 1]
        )[0]
        fate(appointment=appointment, version=appointment.version, at=self.at)

    def _cancel(self, appointment: Appointment) -> None:
        operations.cancel_appointment(
            appointment=appointment, version=appointment.version, at=self.at, reason="Called: caught a cold"
        )

    def _on_the_web(self, person: Person, wanted: int) -> Iterator[Appointment]:
        """Hold and book as a customer does, on different days."""
        user = User.objects.get(email=person.email)
        days: set[date] = set()
        for service, start in self._starts(self.today + timedelta(days=2), self.today + timedelta(days=COMING_DAYS)):
            day = start.astimezone(self.business.zone).date()
            if len(days) == wanted:
                return
            if day in days:
                continue
            try:
                yield self._hold_and_book(user.id, person, service, start)
            except (SlotUnavailable, StaffUnavailable, LimitReached):
                continue
            days.add(day)

    def _hold_and_book(self, user_id: UUID, person: Person, service: Service, start: datetime) -> Appointment:
        key = f"demo web booking {next(self.numbers)}"
        with acting_as(Claims(business_id=self.business.id, user_id=user_id, role="customer")):
            held = operations.hold_slot(
                business=self.business, service=service, start=start, key=key, at=self.at, places=self._places(service)
            )
            return operations.commit_hold(
                business=self.business,
                reservation_id=held.reservation.id,
                key=key,
                at=self.at,
                contact=Contact(person.name, phone=person.phone),
                answers=self.shop.answers,
            ).appointment
