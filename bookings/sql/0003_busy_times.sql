-- Capacity is never exceeded and nobody is in two places: every live claim on time is a ledger row that only triggers write.

ALTER TABLE busy_times ADD CONSTRAINT one_staff_one_place EXCLUDE USING gist (
    business_id WITH =, staff_id WITH =, during WITH &&, session WITH <>
);
CREATE INDEX busy_times_by_service ON busy_times USING gist (service_id, during);
CREATE INDEX busy_times_by_expiry ON busy_times (expires_at) WHERE expires_at IS NOT NULL;

-- Claim a range for a source: lock first, count in later statements, so that the count sees all that the lock waited for.
-- A snapshot older than the lock would overbook, hence READ COMMITTED only.
CREATE FUNCTION claim_time(
    _business_id uuid, _source_id uuid, _service_id uuid, _staff_id uuid,
    _starts_at timestamptz, _during tstzrange, _expires_at timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _service services;
    _session uuid := _source_id;
    _peak bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'time can be claimed at READ COMMITTED only'
            USING ERRCODE = 'serialization_failure', CONSTRAINT = 'claims_need_read_committed';
    END IF;
    SELECT * INTO _service FROM services
        WHERE business_id = _business_id AND id = _service_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such service' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'service_exists';
    END IF;
    IF _staff_id IS NOT NULL THEN
        PERFORM FROM staff WHERE business_id = _business_id AND id = _staff_id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no such staff' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'staff_exists';
        END IF;
        IF _service.is_group THEN
            _session := group_session(_service_id, _starts_at);
        END IF;
    END IF;

    DELETE FROM busy_times
        WHERE service_id = _service_id AND during && _during AND expires_at <= clock_timestamp();
    DELETE FROM busy_times
        WHERE business_id = _business_id AND staff_id = _staff_id AND during && _during
          AND expires_at <= clock_timestamp();

    SELECT peak_of_claims(_service_id, _during) INTO _peak;
    IF _peak >= _service.max_simultaneous_bookings THEN
        RAISE EXCEPTION 'service % is full in %', _service_id, _during
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'service_capacity';
    END IF;
    IF _session <> _source_id AND EXISTS (
        SELECT FROM busy_times
        WHERE service_id = _service_id AND session = _session AND during && _during AND staff_id <> _staff_id
    ) THEN
        RAISE EXCEPTION 'the class at % has another teacher', _starts_at
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'one_staff_a_session';
    END IF;
    INSERT INTO busy_times (business_id, source_id, service_id, staff_id, session, during, expires_at)
        VALUES (_business_id, _source_id, _service_id, _staff_id, _session, _during, _expires_at);
END $$;

-- The most claims on a service at any one instant of a range: a sweep over starts (+1) and ends (-1), ends first.
CREATE FUNCTION peak_of_claims(_service_id uuid, _during tstzrange) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT COALESCE(max(running), 0) FROM (
        SELECT sum(step) OVER (ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS running
        FROM busy_times b,
             LATERAL (VALUES (GREATEST(lower(b.during), lower(_during)), 1), (upper(b.during), -1)) AS event (at, step)
        WHERE b.service_id = _service_id AND b.during && _during
    ) AS sweep
$$;

-- Bookings of one start of a group service are one session and share its staff member.
CREATE FUNCTION group_session(_service_id uuid, _starts_at timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT md5(_service_id::text || ' ' || extract(epoch FROM _starts_at)::bigint::text)::uuid $$;

-- The time that a booking claims: its own and the buffers around it.
CREATE FUNCTION claimed_range(
    _starts_at timestamptz, _ends_at timestamptz, _before integer, _after integer
) RETURNS tstzrange LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT tstzrange(_starts_at - make_interval(mins => _before), _ends_at + make_interval(mins => _after), '[)')
$$;

-- A hold claims its time while it is held.
CREATE FUNCTION reservation_claims_its_time() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM claim_time(NEW.business_id, NEW.id, NEW.service_id, NEW.staff_id, NEW.starts_at,
            claimed_range(NEW.starts_at, NEW.ends_at, NEW.buffer_before_minutes, NEW.buffer_after_minutes),
            NEW.expires_at);
    ELSIF TG_OP = 'DELETE' OR NEW.status <> 'held' THEN
        DELETE FROM busy_times WHERE business_id = OLD.business_id AND source_id = OLD.id;
    ELSIF NEW.expires_at <> OLD.expires_at THEN
        UPDATE busy_times SET expires_at = NEW.expires_at
            WHERE business_id = NEW.business_id AND source_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER claims_its_time AFTER INSERT OR UPDATE OR DELETE ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservation_claims_its_time();

-- An appointment claims its time unless it is canceled. One made of a hold takes over the hold's row: no second
-- check, and no window in which the slot could be lost. Updates that change no time re-check nothing.
CREATE FUNCTION appointment_claims_its_time() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _during tstzrange;
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM busy_times WHERE business_id = OLD.business_id AND source_id = OLD.id;
        RETURN NULL;
    END IF;
    _during := claimed_range(NEW.starts_at, NEW.ends_at, NEW.buffer_before_minutes, NEW.buffer_after_minutes);
    IF TG_OP = 'INSERT' AND NEW.reservation_id IS NOT NULL THEN
        UPDATE busy_times SET source_id = NEW.id, expires_at = NULL
            WHERE business_id = NEW.business_id AND source_id = NEW.reservation_id AND expires_at > clock_timestamp()
              AND service_id = NEW.service_id AND staff_id IS NOT DISTINCT FROM NEW.staff_id AND during = _during;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'hold % has run out', NEW.reservation_id
                USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'hold_is_live';
        END IF;
        UPDATE reservations SET status = 'committed'
            WHERE business_id = NEW.business_id AND id = NEW.reservation_id;
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM claim_time(NEW.business_id, NEW.id, NEW.service_id, NEW.staff_id, NEW.starts_at, _during, NULL);
    ELSIF NEW.status = 'canceled' THEN
        DELETE FROM busy_times WHERE business_id = NEW.business_id AND source_id = NEW.id;
    ELSIF (NEW.service_id, NEW.staff_id, NEW.starts_at, _during) IS DISTINCT FROM
          (OLD.service_id, OLD.staff_id, OLD.starts_at,
           claimed_range(OLD.starts_at, OLD.ends_at, OLD.buffer_before_minutes, OLD.buffer_after_minutes)) THEN
        DELETE FROM busy_times WHERE business_id = NEW.business_id AND source_id = NEW.id;
        PERFORM claim_time(NEW.business_id, NEW.id, NEW.service_id, NEW.staff_id, NEW.starts_at, _during, NULL);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER claims_its_time AFTER INSERT OR UPDATE OR DELETE ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointment_claims_its_time();

REVOKE EXECUTE ON FUNCTION claim_time(uuid, uuid, uuid, uuid, timestamptz, tstzrange, timestamptz) FROM PUBLIC;
