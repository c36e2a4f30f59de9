"""A superuser who gets past grants and triggers damages the history in every way there is: each is found and named."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from audit.models import AuditLog, AuditSeal
from audit.tests.histories import Superuser, entries, export, run, script, seal, superuser, verify
from bookings import operations
from rhivo.claims import acting_as
from rhivo.clock import now
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Scene:
    """A shop with two appointments, one rescheduled twice and canceled, under two seals; and who breaks in."""

    shop: Shop
    intruder: Superuser
    chain: list[AuditLog]
    other: list[AuditLog]
    free_id: int

    def run(self, query: str, *values: Any) -> None:
        self.intruder.execute(query, values)

    def edit(self, entry: AuditLog, column: str, value: str) -> None:
        self.run(f"UPDATE audit_logs SET {column} = {value} WHERE id = %s", entry.id)

    def rehash(self, entry: AuditLog) -> None:
        """Make an entry's hash right again, as a forger who knows the recipe would."""
        self.run("UPDATE audit_logs l SET hash = history_hash(l) WHERE id = %s", entry.id)

    def is_found(self, *words: str, in_export: bool = True) -> None:
        """Assert that both verifiers refuse it, and that the command says each of the words."""
        code, said = verify(self.shop)
        assert code == 1, said
        assert [word for word in words if word not in said] == [], said
        if in_export:
            code, said = script(export(self.shop))
            assert code == 1, said


@pytest.fixture
def unsealed(shop: Shop) -> Iterator[Scene]:
    with superuser() as intruder:
        appointment = shop.book_by_staff(shop.at("10:00"))
        other = shop.book_by_staff(shop.at("15:00"))
        free = intruder.execute("SELECT nextval('audit_logs_id_seq')").fetchone()
        assert free is not None
        with acting_as(shop.employees):
            for hour in ("11:00", "12:00"):
                reschedule(shop, appointment, hour)
            cancel(appointment)
        written = entries(shop.business.id, "appointment")
        chain = [entry for entry in written if entry.entity_id == appointment.id]
        yield Scene(shop, intruder, chain, [entry for entry in written if entry.entity_id == other.id], free[0])
        intruder.execute("DELETE FROM audit_logs WHERE hash = ANY (%s)", [[entry.hash for entry in written]])
        for table in ("audit_logs", "audit_seals", "busy_times", "notification_logs", "appointments", "reservations"):
            intruder.execute(f"DELETE FROM {table} WHERE business_id = %s", [shop.business.id])


@pytest.fixture
def scene(unsealed: Scene) -> Scene:
    seal(unsealed.shop)
    unsealed.shop.book_by_staff(unsealed.shop.at("16:00"))
    seal(unsealed.shop)
    unsealed.shop.book_by_staff(unsealed.shop.at("17:00"))
    seal(unsealed.shop)
    return unsealed


def reschedule(shop: Shop, appointment: Any, hour: str) -> None:
    rescheduled = operations.reschedule_appointment(
        appointment=appointment, start=shop.at(hour), version=appointment.version, at=now()
    )
    appointment.version = rescheduled.version


def cancel(appointment: Any) -> None:
    operations.cancel_appointment(appointment=appointment, version=appointment.version, at=now())


def test_an_untouched_history_is_intact_for_both(scene: Scene) -> None:
    code, said = verify(scene.shop)
    assert code == 0, said
    assert re.fullmatch(r"\d+ entries, 3 seals, all intact\n", said)
    code, said = script(export(scene.shop))
    assert (code, bool(re.fullmatch(r"\d+ entries, 3 seals, all intact\n", said))) == (0, True), said


EDITS = {
    "entity": "'service'",
    "entity_id": "gen_random_uuid()",
    "action": "'changed'",
    "actor_kind": "'worker'",
    "actor": "'nobody'",
    "actor_role": "'owner'",
    "reason": "'because'",
    "request_id": "'another'",
    "before": "'{}'",
    "after": """jsonb_set(after, '{notes}', '"forged"')""",
    "at": "at + interval '1 microsecond'",
    "previous_hash": "repeat('0', 64)",
    "hash": "repeat('0', 64)",
    "id": "id + 100000",
    "business_id": "gen_random_uuid()",
}


@pytest.mark.parametrize("column", EDITS)
@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
def test_an_edited_column_of_an_entry_is_found(column: str, sealed: bool, request: pytest.FixtureRequest) -> None:
    scene: Scene = request.getfixturevalue("scene" if sealed else "unsealed")
    scene.edit(scene.chain[1], column, EDITS[column])
    scene.is_found()


def test_every_column_is_among_the_edits() -> None:
    assert set(EDITS) == {field.column for field in AuditLog._meta.concrete_fields}


def test_the_first_bad_entry_is_named_in_words(scene: Scene) -> None:
    scene.edit(scene.chain[2], "reason", "'later'")
    scene.edit(scene.chain[1], "reason", "'earlier'")
    bad = scene.chain[1]
    scene.is_found(
        f"{scene.shop.business.subdomain}: entry {bad.id} (appointment {bad.entity_id}, 'rescheduled', ",
        "so it was edited",
    )


def test_an_edit_with_a_hash_made_to_fit_is_found(scene: Scene) -> None:
    scene.edit(scene.chain[1], "reason", "'forged'")
    scene.rehash(scene.chain[1])
    scene.is_found(f"entry {scene.chain[2].id}", f"does not continue entry {scene.chain[1].id}")


def test_a_whole_chain_forged_anew_is_found_by_its_seal(scene: Scene) -> None:
    scene.edit(scene.chain[0], "reason", "'forged'")
    scene.rehash(scene.chain[0])
    for before, entry in zip(scene.chain, scene.chain[1:], strict=False):
        scene.run(
            "UPDATE audit_logs SET previous_hash = (SELECT hash FROM audit_logs WHERE id = %s) WHERE id = %s",
            before.id,
            entry.id,
        )
        scene.rehash(entry)
    scene.is_found("seal ", "its digest is not that of the entries")


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
@pytest.mark.parametrize(
    ("victims", "words"),
    [
        (slice(0, 1), "the entry that it continues is missing"),
        (slice(1, 2), "does not continue entry"),
        (slice(1, 3), "does not continue entry"),
        (slice(3, 4), "its last entry says otherwise about"),
        (slice(2, 4), "its last entry says otherwise about"),
        (slice(0, 4), "no entry tells of it"),
    ],
    ids=["the first", "one", "two", "the last", "the tail", "all of an appointment"],
)
def test_deleted_entries_are_found(sealed: bool, victims: slice, words: str, request: pytest.FixtureRequest) -> None:
    scene: Scene = request.getfixturevalue("scene" if sealed else "unsealed")
    for entry in scene.chain[victims]:
        scene.run("DELETE FROM audit_logs WHERE id = %s", entry.id)
    whole_tail = not sealed and victims.stop == len(scene.chain)
    scene.is_found(words, in_export=not whole_tail)


def test_a_deleted_appointment_with_all_its_sealed_entries_is_found(scene: Scene) -> None:
    subject = scene.chain[0].entity_id
    scene.run("DELETE FROM audit_logs WHERE entity_id = %s", subject)
    scene.run("DELETE FROM appointments WHERE id = %s", subject)
    scene.is_found("so some were deleted")


def test_all_history_of_a_business_deleted_with_its_seals_is_found(scene: Scene) -> None:
    scene.run("DELETE FROM audit_logs WHERE business_id = %s", scene.shop.business.id)
    scene.run("DELETE FROM audit_seals WHERE business_id = %s", scene.shop.business.id)
    scene.is_found("no entry tells of it", in_export=False)


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
def test_two_entries_that_changed_places_are_found(sealed: bool, request: pytest.FixtureRequest) -> None:
    scene: Scene = request.getfixturevalue("scene" if sealed else "unsealed")
    swap(scene, scene.chain[1], scene.chain[2])
    scene.is_found(f"entry {scene.chain[1].id}")


def test_entries_of_two_things_that_changed_places_are_found(unsealed: Scene) -> None:
    swap(unsealed, unsealed.chain[0], unsealed.other[0])
    unsealed.is_found(f"entry {min(unsealed.chain[0].id, unsealed.other[0].id)}", "edited")


def swap(scene: Scene, one: AuditLog, two: AuditLog) -> None:
    for old, new in ((one.id, -1), (two.id, one.id), (-1, two.id)):
        scene.run("UPDATE audit_logs SET id = %s WHERE id = %s", new, old)


def forge(scene: Scene, like: AuditLog, **changed: Any) -> None:
    """Put in an entry like another but for some columns, its hash right."""
    names = ", ".join(f"'{column}', %s::text" for column in changed)
    scene.run(
        f"INSERT INTO audit_logs SELECT (jsonb_populate_record(l, jsonb_build_object({names}))).*"
        " FROM audit_logs l WHERE id = %s",
        *(str(value) for value in changed.values()),
        like.id,
    )
    scene.run("UPDATE audit_logs l SET hash = history_hash(l) WHERE id = %s", changed["id"])


def next_id(scene: Scene) -> int:
    row = scene.intruder.execute("SELECT nextval('audit_logs_id_seq')").fetchone()
    assert row is not None
    return int(row[0])


def test_an_entry_forged_onto_the_end_of_a_chain_is_found(unsealed: Scene) -> None:
    forge(unsealed, unsealed.chain[1], id=next_id(unsealed), previous_hash=unsealed.chain[-1].hash)
    unsealed.is_found("its last entry says otherwise about", in_export=False)


def test_an_entry_forged_to_say_what_the_row_says_is_found_by_the_version(unsealed: Scene) -> None:
    last = unsealed.chain[-1]
    forge(unsealed, last, id=next_id(unsealed), previous_hash=last.hash)
    unsealed.is_found("it has version 4 and 5 entries", in_export=False)


def test_an_entry_of_something_that_never_was_put_below_a_seal_is_found(scene: Scene) -> None:
    forge(scene, scene.chain[0], id=scene.free_id, entity_id=uuid4())
    scene.is_found("so some were deleted or put in")


def test_a_second_beginning_of_a_chain_is_found(unsealed: Scene) -> None:
    forge(unsealed, unsealed.chain[0], id=next_id(unsealed))
    unsealed.is_found("a second time", f"after entry {unsealed.chain[-1].id}")


def test_a_fork_is_found_where_the_constraint_against_it_was_taken_away(unsealed: Scene) -> None:
    constraint = "one_entry_continues_another"
    unsealed.run(f"ALTER TABLE audit_logs DROP CONSTRAINT {constraint}")
    try:
        forge(unsealed, unsealed.chain[1], id=unsealed.free_id, previous_hash=unsealed.chain[0].hash, reason="forked")
        unsealed.is_found(f"continues the same entry as entry {unsealed.free_id} does")
    finally:
        unsealed.run("DELETE FROM audit_logs WHERE id = %s", unsealed.free_id)
        unsealed.run(
            f"ALTER TABLE audit_logs ADD CONSTRAINT {constraint} EXCLUDE (business_id WITH =, previous_hash WITH =)"
            " WHERE (previous_hash <> '')"
        )


def seals(scene: Scene) -> list[AuditSeal]:
    with as_role("worker"):
        return list(AuditSeal.objects.filter(business_id=scene.shop.business.id).order_by("id"))


SEAL_EDITS = {
    "id": "id + 100000",
    "business_id": "gen_random_uuid()",
    "last_entry_id": "last_entry_id - 1",
    "entries": "entries + 1",
    "digest": "repeat('0', 64)",
    "previous_digest": "repeat('0', 64)",
    "sealed_at": "sealed_at + interval '1 microsecond'",
}


@pytest.mark.parametrize("column", SEAL_EDITS)
def test_an_edited_column_of_a_seal_is_found(column: str, scene: Scene) -> None:
    edited = seals(scene)[1]
    scene.run(f"UPDATE audit_seals SET {column} = {SEAL_EDITS[column]} WHERE id = %s", edited.id)
    scene.is_found("seal")
    scene.run("DELETE FROM audit_seals WHERE digest = %s OR id = %s", edited.digest, edited.id)


def test_every_column_of_a_seal_is_among_the_edits() -> None:
    assert set(SEAL_EDITS) == {field.column for field in AuditSeal._meta.concrete_fields}


@pytest.mark.parametrize("victims", [[0], [1], [2], [1, 2], [0, 1, 2]], ids=str)
def test_deleted_seals_are_found_also_the_last_and_all(victims: list[int], scene: Scene) -> None:
    made = seals(scene)
    for number in victims:
        scene.run("DELETE FROM audit_seals WHERE id = %s", made[number].id)
    scene.is_found("seal")


def test_a_seal_put_in_is_found_although_its_digest_fits(scene: Scene) -> None:
    last = seals(scene)[-1]
    newest = entries(scene.shop.business.id)[-1]
    scene.run(
        "WITH forged AS (SELECT nextval('audit_seals_id_seq') AS id, now() AS at)"
        " INSERT INTO audit_seals (id, business_id, last_entry_id, entries, digest, previous_digest, sealed_at)"
        " SELECT id, %s, %s, 1, encode(sha256(convert_to(%s || E'\\n' || %s || ' ' || %s || E'\\n' || id || ' ' || %s || ' ' ||"
        " to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), 'UTF8')), 'hex'), %s, at FROM forged",
        scene.shop.business.id,
        newest.id,
        last.digest,
        newest.id,
        newest.hash,
        str(scene.shop.business.id),
        last.digest,
    )
    scene.is_found("was put in: no entry records it")


def test_a_row_changed_behind_the_back_of_the_triggers_is_found(scene: Scene) -> None:
    service = scene.shop.service()
    scene.run("UPDATE services SET price_cents = 1 WHERE id = %s", service.id)
    scene.is_found(f"service {service.id}", "price_cents", in_export=False)


def test_a_deleted_entry_of_the_configuration_is_found(scene: Scene) -> None:
    scene.run(
        "DELETE FROM audit_logs WHERE business_id = %s AND entity = 'membership' AND entity_id ="
        " (SELECT id FROM memberships WHERE user_id = %s)",
        scene.shop.business.id,
        scene.shop.employee.id,
    )
    scene.is_found("membership", "no entry tells of it")


def test_the_history_of_a_business_that_is_gone_is_verified_by_its_id(scene: Scene) -> None:
    business_id = scene.shop.business.id
    for table in ("busy_times", "notification_logs", "appointments", "services", "availability", "memberships"):
        scene.run(f"DELETE FROM {table} WHERE business_id = %s", business_id)
    scene.run("DELETE FROM businesses WHERE id = %s", business_id)
    code, said = run("verify_audit", "--business", str(business_id))
    assert code == 0, said
    scene.edit(scene.chain[0], "reason", "'forged'")
    code, said = run("verify_audit", "--business", str(business_id))
    assert (code, said.startswith(f"{business_id}: entry {scene.chain[0].id} ")) == (1, True)


def test_damage_before_the_seal_that_is_trusted_is_not_looked_for_and_after_it_is(scene: Scene) -> None:
    since = seals(scene)[1].sealed_at.isoformat()
    scene.edit(scene.chain[0], "reason", "'forged'")
    assert verify(scene.shop)[0] == 1
    code, said = verify(scene.shop, "--since", since)
    assert (code, said) == (0, "3 entries, 1 seal, all intact\n")
    assert script(export(scene.shop, "--since", since))[0] == 0
    newest = entries(scene.shop.business.id, "appointment")[-1]
    scene.edit(newest, "reason", "'forged'")
    assert verify(scene.shop, "--since", since)[0] == 1
    assert script(export(scene.shop, "--since", since))[0] == 1
