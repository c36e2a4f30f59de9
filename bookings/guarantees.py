"""The promises, recomputed: from reservations and appointments alone, and compared with the ledger.

Runs as the worker role, which sees every tenant. An empty result means that nothing is booked twice.
"""

from collections.abc import Collection, Iterator
from uuid import UUID

from django.db import connection, transaction

from rhivo.db.promises import broken_promises

# All that live holds and bookings occupy, from the rows that people made, independently of the ledger. The clock is
# read once, after the snapshot: read per row, a hold could run out between the two looks at it; read before, its
# successor be there too.
OCCUPANCY = """
    WITH present AS MATERIALIZED (SELECT clock_timestamp() AS instant),
    bookings AS MATERIALIZED (
        SELECT business_id, id, service_id, staff_id, resource_ids, places, starts_at, processing_minutes,
               service_capacity, expires_at,
               starts_at + processing_after_minutes * interval '1 minute' AS processing_at,
               tstzrange(starts_at - buffer_before_minutes * interval '1 minute',
                         ends_at + buffer_after_minutes * interval '1 minute') AS during
        FROM reservations
        WHERE status = 'held' AND expires_at > (SELECT instant FROM present) AND business_id {asked}
        UNION ALL
        SELECT business_id, id, service_id, staff_id, resource_ids, places, starts_at, processing_minutes,
               service_capacity, NULL, starts_at + processing_after_minutes * interval '1 minute',
               tstzrange(starts_at - buffer_before_minutes * interval '1 minute',
                         ends_at + buffer_after_minutes * interval '1 minute')
        FROM appointments WHERE status <> 'canceled' AND business_id {asked}
    ),
    occupied AS MATERIALIZED (
        SELECT business_id, id, 0 AS segment, service_id,
               CASE WHEN processing_minutes = 0 THEN staff_id END AS staff_id,
               NULL::uuid AS resource_id, places, starts_at, expires_at, during
        FROM bookings
        UNION ALL
        SELECT business_id, id, 1, service_id, staff_id, NULL, 0, starts_at, expires_at,
               tstzrange(lower(during), processing_at)
        FROM bookings WHERE processing_minutes > 0 AND staff_id IS NOT NULL
        UNION ALL
        SELECT business_id, id, 2, service_id, staff_id, NULL, 0, starts_at, expires_at,
               tstzrange(processing_at + processing_minutes * interval '1 minute', upper(during))
        FROM bookings WHERE processing_minutes > 0 AND staff_id IS NOT NULL
        UNION ALL
        SELECT business_id, id, 2 + row_number() OVER (PARTITION BY id ORDER BY resource), service_id, NULL, resource,
               0, starts_at, expires_at, during
        FROM bookings, unnest(resource_ids) AS resource
    )
"""
# Of the bookings that were taken under a capacity of k or less, never more than k places are taken at once: when the
# last of them was taken, so many were free. Lowering or raising the capacity later changes nothing of that. A sweep
# over starts and ends counts them, for each capacity that a service ever had.
OVERBOOKED = """
    WITH capacities AS (
        SELECT DISTINCT service_id, service_capacity AS capacity FROM bookings WHERE service_capacity IS NOT NULL
    ), events AS (
        SELECT service_id, capacity, at, step
        FROM bookings JOIN capacities USING (service_id),
             LATERAL (VALUES (lower(during), places::int), (upper(during), -places::int)) AS event (at, step)
        WHERE service_capacity <= capacity
    ), running AS (
        SELECT service_id, capacity, at, step,
               sum(step) OVER (PARTITION BY service_id, capacity ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS present
        FROM events
    )
    SELECT 'capacity: service ' || service_id || ' has ' || present || ' places taken at ' || at
           || ', capacity ' || capacity
    FROM running WHERE step > 0 AND present > capacity
"""
# The same for people and resources. The bookings of one class are one use of both. Under which capacity a use was
# taken, and of which class it is, is known to the ledger alone; UNLEDGERED compares all else.
OVERUSED = """
    WITH uses AS (
        SELECT CASE WHEN l.staff_id IS NULL THEN 'resource' ELSE 'staff' END AS kind,
               COALESCE(l.staff_id, l.resource_id) AS subject, max(l.capacity) AS subject_capacity,
               min(lower(o.during)) AS begins, max(upper(o.during)) AS ends
        FROM occupied o
        JOIN busy_times l ON l.business_id = o.business_id AND l.source_id = o.id AND l.segment = o.segment
        WHERE l.capacity IS NOT NULL GROUP BY 1, 2, l.class_key, l.segment
    ), capacities AS (
        SELECT DISTINCT subject, subject_capacity AS capacity FROM uses
    ), events AS (
        SELECT kind, subject, capacity, at, step
        FROM uses JOIN capacities USING (subject), LATERAL (VALUES (begins, 1), (ends, -1)) AS event (at, step)
        WHERE subject_capacity <= capacity
    ), running AS (
        SELECT kind, subject, capacity, at, step,
               sum(step) OVER (PARTITION BY subject, capacity ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS present
        FROM events
    )
    SELECT 'overlap: ' || kind || ' ' || subject || ' is used ' || present || ' times at ' || at
           || ', capacity ' || capacity
    FROM running WHERE step = 1 AND present > capacity
"""
DIVIDED = """
    SELECT 'class: service ' || service_id || ' has ' || count(DISTINCT staff_id) || ' people in the class at '
           || min(lower(during))
    FROM busy_times
    WHERE segment = 0 AND class_key <> source_id AND (expires_at IS NULL OR expires_at > (SELECT instant FROM present))
          AND business_id {asked}
    GROUP BY service_id, class_key HAVING count(DISTINCT staff_id) > 1
"""
UNLEDGERED = """
    SELECT 'ledger: no true row for ' || o.id || ' segment ' || o.segment || ' at ' || o.starts_at FROM occupied o
    LEFT JOIN busy_times l ON l.source_id = o.id AND l.business_id = o.business_id AND l.segment = o.segment
    WHERE (l.service_id, l.staff_id, l.resource_id, l.places, l.during, l.expires_at)
          IS DISTINCT FROM (o.service_id, o.staff_id, o.resource_id, o.places, o.during, o.expires_at)
       OR l.class_key <> l.source_id
          AND l.class_key <> md5(o.service_id::text || ' ' || extract(epoch FROM o.starts_at)::bigint::text)::uuid
       OR (l.capacity IS NULL) <> (l.staff_id IS NULL AND l.resource_id IS NULL)
"""
ORPHANS = """
    SELECT 'ledger: orphan row of ' || l.source_id || ' at ' || lower(l.during) FROM busy_times l
    LEFT JOIN occupied o ON o.id = l.source_id AND o.business_id = l.business_id AND o.segment = l.segment
    WHERE o.id IS NULL AND (l.expires_at IS NULL OR l.expires_at > (SELECT instant FROM present))
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
    queries = (OVERBOOKED, OVERUSED, DIVIDED, UNLEDGERED, ORPHANS, UNCOMMITTED, FORGOTTEN)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout TO 0")  # it reads everything there is, however long that takes
        query = OCCUPANCY + " UNION ALL ".join(f"({query})" for query in queries)
        if of is None:
            cursor.execute(query.format(asked="IS NOT NULL"))
        else:
            cursor.execute(query.format(asked="= ANY (%s)"), [list(of)] * query.count("{asked}"))
        yield from (str(row[0]) for row in cursor.fetchall())
    if of is None:
        yield from broken_promises()
