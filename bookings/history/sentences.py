"""Entries of the history as sentences: who did what to which thing, for the people at work.

Any entity can be put into words: one that is not known here is described by its own name, fields and values. Instants
are shown in the zone in force. Names are read under the claims in force.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from audit.changes import changes_of
from audit.models import AuditLog
from businesses.models import Category, Resource, Service, Staff, User
from businesses.models.availability import Weekday, clock_text
from businesses.money import price_text
from rhivo.text.local_time import local_time

NAMED: dict[str, type[Model]] = {
    "user_id": User,
    "service_id": Service,
    "staff_id": Staff,
    "category_id": Category,
    "resource_ids": Resource,
}
NOUNS = {
    "availability": "hours",
    "membership": "access",
    "assignment": "assignment",
    "need": "resource need",
    "login": "log-in",
}
LABELS = {
    "max_simultaneous_bookings": "bookings at a time",
    "max_wait_minutes": "longest wait",
    "processing_after_minutes": "processing begins after",
    "processing_minutes": "processing time",
    "resource_ids": "resources",
    "price_cents": "price",
    "starts_at": "start",
    "ends_at": "end",
    "staff_id": "person",
    "user_id": "account",
    "first_date": "from",
    "last_date": "to",
}
VERBS = {
    "secret_changed": "changed a secret of",
    "password_changed": "changed the password of",
    "exported": "exported",
    "no_show": "marked as no-show",
    "completed": "marked as completed",
}
WITHOUT_WORDS = frozenset({"visit_id"})  # an id that no page leads from
LONGEST = 120


@dataclass(frozen=True, slots=True)
class TextChange:
    """One changed field in words."""

    label: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.label} {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class Sentences:
    """What some entries need to become sentences: the names they refer to, the business's currency and its locale."""

    currency: str
    locale: str
    names: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Sequence[AuditLog], *, currency: str, locale: str) -> "Sentences":
        """Read the names that entries need: at most one query each for what `NAMED` has."""
        wanted: dict[str, set[str]] = {key: set() for key in NAMED}
        # An actor is an id only for a user; elsewhere it is a word such as "guest", or a database login.
        wanted["user_id"] |= {entry.actor for entry in entries if entry.actor_kind == "user" and _is_id(entry.actor)}
        for snapshot in (each for entry in entries for each in (entry.before, entry.after) if each):
            for key in NAMED:
                wanted[key] |= set(filter(_is_id, _each(snapshot.get(key))))
        return cls(currency, locale, {key: _names(model, wanted[key]) for key, model in NAMED.items()})

    def who(self, entry: AuditLog) -> str:
        """Return who did it: their name if the claims may read it, else their role."""
        customer = str(_snapshot(entry).get("customer_name") or "")
        match entry.actor_kind:
            case "user":
                # Row security hides a customer's account from the business, but the booking carries their name.
                is_customer = entry.actor == _snapshot(entry).get("customer_id")
                known = self.names.get("user_id", {}).get(entry.actor) or (customer if is_customer else "")
                return known or _by_role(entry.actor_role)
            case "guest":
                return f"{customer} (guest)" if customer else "A guest"
            case "public":
                return "A visitor"
            case "worker":
                # Both log in as rhivo_worker. Tasks act without a role (rhivo/celery.py), commands as the owner.
                return "An operator" if entry.actor_role else "Rhivo itself"
        return f"The database login {entry.actor}"

    def sentence(self, entry: AuditLog) -> str:
        """Return what happened in one sentence, without its reason."""
        worded = _APPOINTMENT.get(entry.action) if entry.entity == "appointment" else None
        if worded is not None:
            return worded(self, entry)
        if entry.entity == "login":
            return _log_in(self, entry)
        verb = VERBS.get(entry.action) or entry.action.replace("_", " ")
        sentence = f"{self.who(entry)} {verb} {self.thing(entry)}"
        # Of what is new or gone every field would be a change.
        changes = self.changes(entry) if entry.before and entry.after else []
        return sentence + (f": {_listed(changes)}" if changes else "")

    def thing(self, entry: AuditLog) -> str:
        """Return what an entry is about, by kind and name."""
        noun = NOUNS.get(entry.entity) or entry.entity.replace("_", " ")
        return f"{noun} {self._name(entry)}".strip()

    def _name(self, entry: AuditLog) -> str:
        snapshot = _snapshot(entry)
        person, service = self._named("staff_id", snapshot), self._named("service_id", snapshot)
        match entry.entity:
            case "appointment":
                return str(snapshot.get("reference", ""))
            case "availability":
                return f"of {person or 'the business'}, {_window(snapshot)}"
            case "membership":
                return f"of {self._named('user_id', snapshot) or 'someone who left'}"
            case "assignment" | "service_staff":
                return f"of {person or 'someone'} to {service or 'a service'}"
            case "need":
                return f"of {service or 'a service'}: {snapshot.get('kind', '')}"
            case "resource":
                return f"{snapshot.get('name', '')} ({snapshot.get('kind', '')})"
        return str(snapshot.get("name") or snapshot.get("email") or snapshot.get("slug") or "")

    def _named(self, key: str, snapshot: dict[str, Any]) -> str:
        return ", ".join(filter(None, (self.names.get(key, {}).get(str(each)) for each in _each(snapshot.get(key)))))

    def _resources(self, snapshot: dict[str, Any]) -> str:
        # By `_text`: one that was removed since must not read as none.
        return self._text("resource_ids", snapshot["resource_ids"]) if snapshot.get("resource_ids") else "no resource"

    def changes(self, entry: AuditLog) -> list[TextChange]:
        """Return every field that changed, in words."""
        # An appointment keeps the currency in which its price was agreed.
        currency = str(_snapshot(entry).get("currency") or self.currency)
        return [
            TextChange(
                label_of(change.name, is_class=bool(_snapshot(entry).get("is_group"))),
                self._text(change.name, change.before, currency),
                self._text(change.name, change.after, currency),
            )
            for change in changes_of(entry)
            if change.name not in WITHOUT_WORDS
        ]

    def _text(self, name: str, value: Any, currency: str = "") -> str:
        if value in (None, "", [], {}):
            return "no number" if name == "max_simultaneous_bookings" else "–"
        if name in NAMED:
            known = self.names.get(name, {})
            return ", ".join(known.get(str(each)) or "someone or something that is gone" for each in _each(value))
        # Before int, which bool is a kind of.
        if isinstance(value, bool):
            return "yes" if value else "no"
        text = _number(name, value, currency, self.locale) if isinstance(value, int) else _plain(value)
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def action_text(action: str) -> str:
    """Return what people call an action."""
    return action.replace("_", " ")


def label_of(name: str, *, is_class: bool = False) -> str:
    """Return what people call a column, of a class or of anything else."""
    if is_class and name == "max_simultaneous_bookings":
        return "places"
    plain = name.removesuffix("_id").removesuffix("_minutes").removesuffix("_hours").removeprefix("is_")
    return LABELS.get(name) or plain.replace("_", " ")


def _booked(sentences: Sentences, entry: AuditLog) -> str:
    was = _snapshot(entry)
    person, resources = sentences._named("staff_id", was), sentences._named("resource_ids", was)
    places = was.get("places") or 1
    return (
        f"{sentences.who(entry)} booked {was.get('reference', '')}: {was.get('service_name', '')}"
        f"{f' with {person}' if person else ''}{f', {resources}' if resources else ''}"
        f"{f', {places} places' if places > 1 else ''}, {_when(was)}"
    )


def _rescheduled(sentences: Sentences, entry: AuditLog) -> str:
    before, after = entry.before or {}, entry.after or {}
    changes = []
    if before.get("starts_at") != after.get("starts_at"):
        # Within one day the clock alone says where it went.
        day, _, clock = _when(after).rpartition(", ")
        changes.append(f"from {_when(before)} to {clock if _when(before).startswith(f'{day}, ') else _when(after)}")
    if before.get("service_id") != after.get("service_id"):
        changes.append(f"from {before.get('service_name')} to {after.get('service_name')}")
    if before.get("staff_id") != after.get("staff_id"):
        former, latter = (sentences._named("staff_id", each) or "nobody in particular" for each in (before, after))
        changes.append(f"from {former} to {latter}")
    if set(_each(before.get("resource_ids"))) != set(_each(after.get("resource_ids"))):
        former, latter = (sentences._resources(each) for each in (before, after))
        changes.append(f"from {former} to {latter}")
    return f"{sentences.who(entry)} rescheduled {after.get('reference', '')} {', '.join(changes)}"


def _canceled(sentences: Sentences, entry: AuditLog) -> str:
    was = _snapshot(entry)
    return f"{sentences.who(entry)} canceled {was.get('reference', '')}: {was.get('service_name', '')}, {_when(was)}"


def _ended(sentences: Sentences, entry: AuditLog) -> str:
    reference = _snapshot(entry).get("reference", "")
    return f"{sentences.who(entry)} marked {reference} as {'no-show' if entry.action == 'no_show' else 'completed'}"


_APPOINTMENT = {
    "booked": _booked,
    "rescheduled": _rescheduled,
    "canceled": _canceled,
    "completed": _ended,
    "no_show": _ended,
}


def _log_in(sentences: Sentences, entry: AuditLog) -> str:
    if entry.action == "refused":
        return f"A log-in as {_snapshot(entry).get('email') or 'someone unknown'} was refused"
    return f"{sentences.who(entry)} {entry.action.replace('_', ' ')}"


def _snapshot(entry: AuditLog) -> dict[str, Any]:
    # A removed thing has no `after`: it is named as it last was.
    return entry.after or entry.before or {}


def _by_role(role: str) -> str:
    known = {"owner": "A former owner", "staff": "A former colleague", "customer": "A customer"}
    return known.get(role, "Someone who is gone")


def _listed(changes: Sequence[TextChange], most: int = 4) -> str:
    return ", ".join(map(str, changes[:most])) + (" and more" if len(changes) > most else "")


def _when(snapshot: dict[str, Any]) -> str:
    return _plain(snapshot.get("starts_at") or "")


def _window(snapshot: dict[str, Any]) -> str:
    opens, closes, weekday = snapshot.get("opens"), snapshot.get("closes"), snapshot.get("weekday")
    span = f"{clock_text(opens)}–{clock_text(closes)}" if opens is not None and closes is not None else "closed"
    first, last = snapshot.get("first_date"), snapshot.get("last_date")
    dates = f"{first}" if first == last else f"{first} to {last}"
    return f"{Weekday(weekday).label if weekday is not None else dates} {span}"


def _number(name: str, value: int, currency: str, locale: str) -> str:
    if name.endswith("_cents"):
        return price_text(value, currency, locale)
    if name == "weekday":
        return str(Weekday(value).label)
    if name in ("opens", "closes"):
        return clock_text(value)
    unit = " min" if name.endswith("_minutes") else " h" if name.endswith("_hours") else ""
    return f"{value}{unit}"


def _plain(value: Any) -> str:
    """Return a value as people read it; an instant in the zone in force, which JSON knows as text."""
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(each)}" for key, each in value.items())
    text = str(value)
    # Python reads a bare date as midnight, so the T is asked for: the dates of an exception are in no zone.
    try:
        instant = datetime.fromisoformat(text) if text[10:11] == "T" else None
    except ValueError:
        instant = None
    return local_time(instant) if instant is not None and instant.tzinfo is not None else text


def _each(value: Any) -> list[Any]:
    """Return the values of a column that has one value or a list of them."""
    return value if isinstance(value, list) else [value] if value else []


def _is_id(value: Any) -> bool:
    try:
        UUID(value)
    except (TypeError, ValueError, AttributeError):
        return False
    return True


def _names(model: type[Model], ids: Iterable[str]) -> dict[str, str]:
    found = model._default_manager.in_bulk(set(ids)) if ids else {}
    return {str(key): str(row) for key, row in found.items()}
