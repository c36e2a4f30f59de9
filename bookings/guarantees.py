"""The promises, recomputed: from reservations and appointments alone, and compared with the ledger.

Runs as the worker role, which sees every tenant. An empty result means that nothing is booked twice.
"""

from collections.abc import Collection, Iterator
from uuid import UUID

from django.db import connection, transaction

from rhivo.db.promises import broken_promises

# Every live claim on time, from the rows that people made, independently of the ledger. The clock is read once, after
# the snapshot: read per row, a hold could run out between the two looks at it; read before, its successor be there too.
CLAIMS = """
    WITH present AS MATERIALIZED (SELECT clock_timestamp() AS instant),
    claims AS MATERIALIZED (
        SELECT business_id, id, service_id, staff_id, starts_at, service_capacity, expires_at,
               tstzrange(starts_at - buffer_before_minutes * interval '1 minute',
                         ends_at + buffer_after_minutes * interval '1 minute') AS during
        FROM reservations
        WHERE status = 'held' AND expires_at > (SELECT instant FROM present) AND business_id {asked}
        UNION ALL
        SELECT business_id, id, service_id, staff_id, starts_at, service_capacity, NULL,
               tstzrange(starts_at - buffer_before_minutes * interval '1 minute',
                         ends_at + buffer_after_minutes * interval '1 minute')
        FROM appointments WHERE status <> 'canceled' AND business_id {asked}
    )
"""
# Of the claims that were taken under a capacity of k or less, never more than k are there at once: when the last of
# them was taken, fewer than k were. Lowering or raising the capacity later changes nothing of that. A sweep over
# starts and ends counts them, for each capacity that a service ever had.
OVERBOOKED = """
    WITH capacities AS (SELECT DISTINCT service_id, service_capacity AS capacity FROM claims),
    events AS (
        SELECT service_id, capacity, at, step
        FROM claims JOIN capacities USING (service_id),
             LATERAL (VALUES (lower(during), 1), (upper(during), -1)) AS event (at, step)
        WHERE service_capacity <= capacity
    ), running AS (
        SELECT service_id, capacity, at, step,
               sum(step) OVER (PARTITION BY service_id, capacity ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS present
        FROM events
    )
    SELECT 'capacity: service ' || service_id || ' has ' || present || ' claims at ' || at || ', capacity ' || capacity
    FROM running WHERE step = 1 AND present > capacity
"""
# Whoever starts before an earlier claim of the same person ends is looked at closely: only one class may be shared.
IN_TWO_PLACES = """
    WITH ordered AS (
        SELECT *, max(upper(during)) OVER (PARTITION BY staff_id ORDER BY lower(during), id
                                           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS busy_until
        FROM claims WHERE staff_id IS NOT NULL
    )
    SELECT 'overlap: staff ' || b.staff_id || ' is claimed by ' || a.id || ' and ' || b.id || ' at ' || b.starts_at
    FROM ordered b JOIN claims a ON a.staff_id = b.staff_id AND a.during && b.during AND a.id <> b.id
         AND lower(a.during) <= lower(b.during)
    LEFT JOIN busy_times la ON la.source_id = a.id AND la.business_id = a.business_id
    LEFT JOIN busy_times lb ON lb.source_id = b.id AND lb.business_id = b.business_id
    WHERE lower(b.during) < b.busy_until
      AND (a.service_id = b.service_id AND a.starts_at = b.starts_at AND la.class_key = lb.class_key) IS NOT TRUE
"""
UNLEDGERED = """
    SELECT 'ledger: no true row for claim ' || c.id || ' at ' || c.starts_at FROM claims c
    LEFT JOIN busy_times l ON l.source_id = c.id AND l.business_id = c.business_id
    WHERE (l.service_id, l.staff_id, l.during, l.expires_at)
          IS DISTINCT FROM (c.service_id, c.staff_id, c.during, c.expires_at)
"""
ORPHANS = """
    SELECT 'ledger: orphan row of ' || l.source_id || ' at ' || lower(l.during) FROM busy_times l
    LEFT JOIN claims c ON c.id = l.source_id AND c.business_id = l.business_id
    WHERE c.id IS NULL AND (l.expires_at IS NULL OR l.expires_at > (SELECT instant FROM present))
          AND l.business_id {asked}
"""
UNCOMMITTED = """
    SELECT 'hold: ' || r.id || ' is ' || r.status
           || CASE WHEN a.id IS NULL THEN ' without' ELSE ' with' END || ' an appointment'
    FROM reservations r LEFT JOIN appointments a ON a.reservation_id = r.id AND a.business_id = r.business_id
    WHERE (r.status = 'committed') <> (a.id IS NOT NULL) AND r.business_id {asked}
"""
FORGOTTEN = """
    SELECT 'history: appointment ' || a.id || ' has version ' || a.version || ' and ' || count(l.id) || ' entries'
    FROM appointments a LEFT JOIN audit_logs l
        ON l.business_id = a.business_id AND l.entity = 'appointment' AND l.entity_id = a.id
    WHERE a.business_id {asked}
    GROUP BY a.id, a.version HAVING count(l.id) <> a.version
"""


def violations(of: Collection[UUID] | None = None) -> Iterator[str]:
    """Yield a line for each broken promise. The rows are read in one statement, hence in one snapshot.

    With `of` only the rows of these businesses are looked at, and the catalogue is not.
    """
    queries = (OVERBOOKED, IN_TWO_PLACES, UNLEDGERED, ORPHANS, UNCOMMITTED, FORGOTTEN)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout TO 0")  # it reads everything there is, however long that takes
        query = CLAIMS + " UNION ALL ".join(f"({query})" for query in queries)
        if of is None:
            cursor.execute(query.format(asked="IS NOT NULL"))
        else:
            cursor.execute(query.format(asked="= ANY (%s)"), [list(of)] * query.count("{asked}"))
        yield from (str(row[0]) for row in cursor.fetchall())
    if of is None:
        yield from broken_promises()
