"""After the crashes: what clients were told is compared with what is there, and lost answers are asked for again."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC
from typing import Any
from uuid import uuid4

from rhivo.local.processes import wait_until
from rhivo.testing.attacks.attacked_installation import OwnInstallation
from rhivo.testing.attacks.crash.crash_business import CrashBusiness, as_owner, manage
from rhivo.testing.attacks.crash.http_customers import PATIENCE, Booking, Notebook, Sent
from rhivo.testing.attacks.crash.kills import Victims
from rhivo.testing.attacks.finding import Finding
from rhivo.testing.clients.http_client import Connection

AGAIN = 3
DELIVERED_WITHIN = 60
MESSAGE_ID = re.compile(r"^Message-ID: <([0-9a-f-]{36})@", re.MULTILINE)


def acknowledged(installation: OwnInstallation, business: CrashBusiness, notebook: Notebook) -> Finding:
    """Every 2xx that a client saw is in the database with what it said."""
    there = _appointments(installation, business)
    broken = [
        complaint
        for booking in notebook.bookings.values()
        if (complaint := _untrue(booking, there.get(booking.id))) is not None
    ]
    with as_owner(installation) as database:
        ids = {
            str(row[0]) for row in database.execute("SELECT id FROM reservations WHERE business_id = %s", [business.id])
        }
    broken += [f"hold {held} was acknowledged and is not there" for held in notebook.holds if held not in ids]
    attacks = len(notebook.bookings) + len(notebook.holds)
    return Finding("what a 2xx said survives every crash", attacks, "promises", broken)


def _appointments(installation: OwnInstallation, business: CrashBusiness) -> dict[str, tuple[str, str, int]]:
    with as_owner(installation) as database:
        rows = database.execute(
            "SELECT id, status, starts_at, version FROM appointments WHERE business_id = %s", [business.id]
        ).fetchall()
    return {str(id_): (status, start.astimezone(UTC).isoformat(), version) for id_, status, start, version in rows}


def _untrue(booking: Booking, there: tuple[str, str, int] | None) -> str | None:
    """Say in what an appointment differs from what its client knows; a change in doubt may have added one version."""
    known = (booking.status, booking.start, booking.version)
    if there == known:
        return None
    # One more version at most: a client sends nothing about a booking of which it is in doubt.
    if there is not None and booking.doubts and there[2] == booking.version + 1:
        return None
    return f"appointment {booking.id}: the client was told {known}, the database says {there}"


def nothing_changed_when_busy(installation: OwnInstallation, business: CrashBusiness, notebook: Notebook) -> Finding:
    """503 BUSY says that nothing was changed: nothing was made under its key."""
    keys = [sent.key for sent in notebook.busy if sent.kind in ("hold", "commit", "phone")]
    made = _made_under(installation, business, keys)
    broken = [f"BUSY was said and yet {made[key]} was made under {key}" for key in keys if key in made]
    return Finding("503 BUSY changed nothing", len(notebook.busy), "answers", broken)


def _made_under(installation: OwnInstallation, business: CrashBusiness, keys: list[str]) -> dict[str, str]:
    """Return what is there under keys: holds that have ended have given up theirs."""
    with as_owner(installation) as database:
        rows = database.execute(
            "SELECT idempotency_key, id FROM (SELECT business_id, idempotency_key, id FROM reservations UNION ALL"
            " SELECT business_id, idempotency_key, id FROM appointments) AS made"
            " WHERE business_id = %s AND idempotency_key = ANY (%s)",
            [business.id, keys],
        ).fetchall()
    return {key: str(id_) for key, id_ in rows}


def once_each(installation: OwnInstallation, port: int, business: CrashBusiness, notebook: Notebook) -> Finding:
    """Every request without an answer, sent again several times at once, has exactly one effect."""
    asked = [sent for sent in notebook.doubts if sent.kind not in ("guest", "login")]
    made = _made_under(installation, business, [sent.key for sent in asked if sent.key])
    before = _appointments(installation, business)
    broken: list[str] = []
    for sent in asked:
        answers = _again(port, sent)
        # A request with a key asks for a thing, which is made once. One with a version asks for a change, which is
        # made once.
        if sent.key:
            broken += _not_one_thing(sent, answers, made.get(sent.key))
        elif sent.kind in ("cancel", "reschedule"):
            id_ = sent.path.split("/")[-3]
            broken += _not_one_change(sent, answers, before[id_], _appointments(installation, business)[id_])
        else:
            broken += [f"{sent} again: {one}" for one in answers if one.status not in (204, 410, 404, 409)]
    return Finding("a lost answer is had again with its key: one effect", len(asked), "lost answers", broken)


def _again(port: int, sent: Sent) -> list[Sent]:
    def ask(_: int) -> Sent:
        connection, copy = Connection(port, patience=PATIENCE), deepcopy(sent)
        copy.status, copy.said = 0, None
        copy.send(connection)
        connection.close()
        return copy

    with ThreadPoolExecutor(AGAIN) as pool:
        return list(pool.map(ask, range(AGAIN)))


def _not_one_thing(sent: Sent, answers: list[Sent], made: str | None) -> list[str]:
    """Complain unless all got the same thing, that of the first request if it made one, or all were refused."""
    statuses = sorted(answer.status for answer in answers)
    ids = {answer.said["id"] for answer in answers if answer.done}
    if made is not None:
        good = ids == {made} and statuses == [200] * AGAIN
    elif ids:
        # Nothing was made the first time: exactly one of the repetitions makes it (201), the others are given it
        # (200).
        good = len(ids) == 1 and statuses == [200] * (AGAIN - 1) + [201]
    else:
        good = all(400 <= status < 500 for status in statuses)
    return [] if good else [f"{sent} had made {made}; again: {statuses} {ids} {answers[0].code}"]


def _not_one_change(
    sent: Sent, answers: list[Sent], before: tuple[str, str, int], after: tuple[str, str, int]
) -> list[str]:
    """Complain unless the version it was sent for was changed once at most, before or now."""
    read = int(sent.headers["If-Match"].strip('"'))
    done = [answer for answer in answers if answer.done]
    if sent.kind == "cancel":
        # Canceling what is canceled is no change and no error, so all succeed.
        good = len(done) == AGAIN and after[0] == "canceled"
    elif before[2] > read:
        # The lost request was carried out, so the version it names is an old one for every repetition.
        good = {answer.status for answer in answers} == {412}
    else:
        good = len(done) <= 1 and after[2] == read + len(done)
    good = good and after[2] <= read + 1
    return [] if good else [f"{sent}: {before}, again {[answer.status for answer in answers]}, then {after}"]


def holds_run_out(
    installation: OwnInstallation, connection: Connection, business: CrashBusiness, notebook: Notebook
) -> Finding:
    """When its time is up a hold's place is free at once, and the clean-up leaves nothing of it.

    Times are shortened by hand: a hold may end sooner, never later.
    """
    broken: list[str] = []
    with as_owner(installation) as database:
        rows = database.execute(
            "UPDATE reservations SET expires_at = clock_timestamp() WHERE business_id = %s AND status = 'held'"
            " RETURNING id, starts_at, (SELECT slug FROM services s WHERE s.id = service_id)",
            [business.id],
        ).fetchall()
        # Thirty are enough: each costs a request.
        for id_, start, service in rows[:30]:
            wanted = {"service": service, "start": start.isoformat()}
            headers = {"Host": "localhost", "Content-Type": "application/json", "Idempotency-Key": uuid4().hex}
            held = Sent("hold", "POST", f"{business.api}/reservations/", wanted, headers)
            held.send(connection)
            if held.status != 201:
                broken.append(f"the place of hold {id_} is not free after it ran out: {held} {held.code}")
        manage(installation, "release_expired", role="worker")
        left = database.execute(
            "SELECT (SELECT count(*) FROM busy_times WHERE business_id = %(id)s AND expires_at <= clock_timestamp()),"
            " (SELECT count(*) FROM reservations WHERE business_id = %(id)s AND status = 'held'"
            "  AND expires_at <= clock_timestamp())",
            {"id": business.id},
        ).fetchone()
    if left != (0, 0):
        broken.append(f"release_expired left {left} rows of expired holds")
    return Finding("no hold outlives its time", len(rows), "holds", broken)


def told_of_each(
    installation: OwnInstallation, connection: Connection, business: CrashBusiness, victims: Victims
) -> Finding:
    """Each change that customers are told of is in the outbox and was sent, and nothing else was.

    A worker killed between sending and marking sends again, with the same Message-ID. Leases of the killed are
    shortened by hand, with no worker running.
    """
    # 1. Stop the worker: one that runs would deliver while the leases change. 2. Make all due. 3. Start it anew.
    victims.worker.stop()
    installation.children.remove(victims.worker)
    with as_owner(installation) as database:
        database.execute(
            "UPDATE notification_logs SET due_at = clock_timestamp() WHERE status IN ('pending', 'sending')"
        )
        victims.worker = installation.worker()
        _book_once_more(connection, business)
        sent = wait_until(lambda: _unsent(database, business) == 0, seconds=DELIVERED_WITHIN, pause=0.2)
        rows = database.execute(
            "SELECT id::text, dedupe_key, status, attempts FROM notification_logs WHERE business_id = %s", [business.id]
        ).fetchall()
        history = database.execute(
            "SELECT entity_id || ' ' || CASE action WHEN 'booked' THEN 'confirmed' ELSE action END || ' '"
            " || (after ->> 'version') FROM audit_logs WHERE business_id = %s AND entity = 'appointment'",
            [business.id],
        ).fetchall()
    broken = [] if sent else [f"messages were still unsent after {DELIVERED_WITHIN} s"]
    enqueued = {key for _, key, _, _ in rows if not key.endswith("invitation")}
    happened = {key for (key,) in history}
    broken += [f"nobody was told: {key}" for key in happened - enqueued]
    broken += [f"told of what did not happen: {key}" for key in enqueued - happened]
    broken += _mails(installation, rows)
    return Finding("customers are notified of each change, and of nothing else", len(happened), "messages", broken)


def _book_once_more(connection: Connection, business: CrashBusiness) -> None:
    """Make one more booking: its commit notifies the worker that messages are due."""
    headers = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid4().hex,
        "Authorization": f"Bearer {business.staff_token}",
    }
    customer = {"name": "Last", "email": f"{uuid4().hex}@example.com"}
    body = {"service": "class", "start": "2200-01-01T10:00:00Z", "customer": customer, "override": ["advance"]}
    Sent("phone", "POST", "/api/v1/appointments/", body, headers).send(connection)


def _unsent(database: Any, business: CrashBusiness) -> int:
    row = database.execute(
        "SELECT count(*) FROM notification_logs WHERE business_id = %s AND status <> 'sent'", [business.id]
    ).fetchone()
    return int(row[0])


def _mails(installation: OwnInstallation, rows: list[tuple[str, str, str, int]]) -> list[str]:
    """Complain of messages marked as sent that are in no mail, and of mails sent twice without a second attempt."""
    found = Counter(id_ for file in installation.mail.glob("*.log") for id_ in MESSAGE_ID.findall(file.read_text()))
    broken = [
        f"marked as sent and never sent: {key}" for id_, key, status, _ in rows if status == "sent" and not found[id_]
    ]
    broken += [
        f"sent {found[id_]} times in {tries} attempts: {key}" for id_, key, _, tries in rows if found[id_] > tries
    ]
    return broken + [f"a mail of no message: {id_}" for id_ in _strangers(installation, set(found))]


def _strangers(installation: OwnInstallation, mailed: set[str]) -> set[str]:
    with as_owner(installation) as database:
        rows = database.execute("SELECT id::text FROM notification_logs WHERE id = ANY (%s::uuid[])", [list(mailed)])
        return mailed - {id_ for (id_,) in rows.fetchall()}
