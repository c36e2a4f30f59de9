"""Who and what is in the demo. Dates are computed from the day it is loaded, so that it is always a few weeks old."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from bookings.contact import Contact

PASSWORD = "rhivo-demo"  # noqa: S105 - it is printed for everyone
FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Person:
    """Someone to log in as. `works_at` is the subdomain of a business and the slug of the staff member they are."""

    email: str
    name: str
    is_what: str
    phone: str = ""
    works_at: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Highlight:
    """A booking that shows what Rhivo can do, some minutes after the start of the first of its shop's."""

    service: str
    staff: str
    minutes: int = 0
    places: int = 1


@dataclass(frozen=True, slots=True)
class DemoShop:
    """A business: its tenant file's name is its subdomain. `guests` book on the phone.

    The `highlights` are booked together, at one start at which all of them fit.
    """

    subdomain: str
    name: str
    guests: Sequence[str]
    phones: str
    notes: Sequence[str]
    highlights: Sequence[Highlight]
    answers: dict[str, Any] = field(default_factory=dict)

    @property
    def tenant_file(self) -> Path:
        return FOLDER / f"{self.subdomain}.yaml"

    def guest(self, index: int) -> Contact:
        name = self.guests[index % len(self.guests)]
        email = f"{name.lower().replace(' ', '.').replace('’', '')}@example.com"
        return Contact(name, email, self.phones + f"{20 + index % len(self.guests):02}")


CARLA = Person("carla@example.com", "Carla Romano", "customer of all three", phone="+39 347 555 0101")
DAN = Person("dan@example.com", "Dan Miller", "customer of all three", phone="+1 718 555 0177")
PEOPLE = (
    Person("owner@blue-barber.example", "Marco De Santis", "owner of Blue Barber"),
    Person("anna@blue-barber.example", "Anna Ricci", "staff of Blue Barber", works_at=("blue-barber", "anna")),
    Person("owner@lotus-yoga.example", "Maya Patel", "owner of Lotus Yoga"),
    Person("owner@harbour-clinic.example", "Olivia Hart", "owner of Harbour Clinic"),
    CARLA,
    DAN,
)
SHOPS = (
    DemoShop(
        "blue-barber",
        "Blue Barber",
        guests=(
            "Giulia Greco",
            "Luca Marino",
            "Paolo Gallo",
            "Sara Costa",
            "Matteo Rizzi",
            "Elena Fontana",
            "Davide Moretti",
            "Nicola Serra",
            "Pietro Longo",
            "Franco Villa",
            "Andrea Leone",
        ),
        phones="+3906555010",
        notes=("", "", "", "Ha chiesto della finestra", "Sfumatura alta", "Porta il bambino"),
        # While the colour works, Chiara cuts somebody's hair.
        highlights=(Highlight("colour", "chiara"), Highlight("cut", "chiara", minutes=30)),
        answers={"drink": "Caffè"},
    ),
    DemoShop(
        "lotus-yoga",
        "Lotus Yoga",
        guests=(
            "Olivia Brooks",
            "Noah Kim",
            "Ava Rosen",
            "Liam Ortiz",
            "Sofia Marsh",
            "Ethan Cole",
            "Mia Larsen",
            "Jonah Reid",
            "Priya Shah",
            "Zoe Fischer",
            "Hana Sato",
            "Leo Grant",
        ),
        phones="+171855501",
        notes=("", "", "", "Needs a mat", "Bad left knee"),
        # Families and friends take several places of one class, in one hall.
        highlights=(
            Highlight("vinyasa-flow", "maya", places=3),
            Highlight("vinyasa-flow", "maya", places=2),
            Highlight("vinyasa-flow", "maya"),
        ),
        answers={"first_time": True},
    ),
    DemoShop(
        "harbour-clinic",
        "Harbour Clinic",
        guests=(
            "Jack Taylor",
            "Isla Murphy",
            "Harry Singh",
            "Chloe Evans",
            "Oscar Wright",
            "Matilda King",
            "Angus Reid",
            "Poppy Nolan",
            "Samir Haddad",
            "Ella Byrne",
        ),
        phones="+612555010",
        notes=("", "", "Referred by Dr Patel", "Brings scans", "Insurance form to sign"),
        # Two patients of one practitioner at a time, each in a room.
        highlights=(Highlight("acupuncture", "lin"), Highlight("acupuncture", "lin")),
        answers={"visit": "A follow-up", "notes": "Left shoulder, after swimming"},
    ),
)


def dated_parts(subdomain: str, today: date) -> dict[str, Any]:
    """Return a tenant file of the exceptions that a business has from a day on: holidays, and people's time off."""
    soon = today + timedelta(days=16)
    match subdomain:
        case "blue-barber":
            closed = _span(_next(today, 8, 10), 14, "Chiuso per ferie")
            eve = {"date": f"{_next(today, 12, 24)}", "windows": [["09:00", "14:00"]], "reason": "Vigilia"}
            off = {"slug": "anna", "exceptions": [_span(soon, 3, "Corso di aggiornamento")]}
            return {"subdomain": subdomain, "exceptions": [closed, eve], "staff": [off]}
        case "lotus-yoga":
            off = {"slug": "theo", "exceptions": [_span(soon, 7, "Teaching a retreat")]}
            new_year = {"date": f"{_next(today, 1, 1)}", "windows": [["10:00", "13:00"]], "reason": "New Year’s flow"}
            return {"subdomain": subdomain, "exceptions": [new_year], "staff": [off]}
        case _:
            closed = _span(_next(today, 12, 25), 9, "Closed over Christmas")
            off = {"slug": "ruby", "exceptions": [_span(soon, 5, "Annual leave")]}
            return {"subdomain": subdomain, "exceptions": [closed], "staff": [off]}


def _next(today: date, month: int, day: int) -> date:
    # Of today itself the exception would be half over.
    this_year = date(today.year, month, day)
    return this_year if this_year > today else date(today.year + 1, month, day)


def _span(first: date, days: int, reason: str) -> dict[str, Any]:
    return {"from": f"{first}", "to": f"{first + timedelta(days=days - 1)}", "closed": True, "reason": reason}


def listing() -> str:
    """Return the businesses' addresses and the log-ins, for a console."""
    shops = [f"{shop.name:16}{settings.PUBLIC_URL}/b/{shop.subdomain}/" for shop in SHOPS]
    people = [f"  {person.email:30}{person.is_what}" for person in PEOPLE]
    return "\n".join([*shops, "", f"Log in with the password {PASSWORD} as", *people])
