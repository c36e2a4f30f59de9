-- Limits hold and retried requests act once also in parallel: each check first takes the lock that its writers share.

-- At most five live holds per visitor and business. Taken before any other lock; '' is not counted.
CREATE FUNCTION live_holds_are_limited() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.visitor = '' THEN
        RETURN NEW;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('visitor ' || NEW.business_id::text || NEW.visitor, 0));
    IF (SELECT count(*) FROM reservations
        WHERE business_id = NEW.business_id AND visitor = NEW.visitor AND status = 'held'
          AND expires_at > clock_timestamp()) >= 5 THEN
        RAISE EXCEPTION 'five holds are live already'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'five_live_holds_a_visitor';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER live_holds_are_limited BEFORE INSERT ON reservations
    FOR EACH ROW EXECUTE FUNCTION live_holds_are_limited();

-- The hold made under a key, after waiting for whoever is making one; a hold that ran out gives its key up here.
CREATE FUNCTION hold_of_key(_business_id uuid, _key text) RETURNS TABLE (id uuid, request_fingerprint text)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('hold ' || _business_id::text || _key, 0));
    UPDATE reservations r SET status = 'expired'
        WHERE r.business_id = _business_id AND r.idempotency_key = _key AND r.status = 'held'
          AND r.expires_at <= clock_timestamp();
    RETURN QUERY SELECT r.id, r.request_fingerprint::text FROM reservations r
        WHERE r.business_id = _business_id AND r.idempotency_key = _key
          AND _business_id = current_business_id();
END $$;

-- The appointment made under a key, after waiting for whoever is making one.
CREATE FUNCTION appointment_of_key(_business_id uuid, _key text) RETURNS TABLE (id uuid, request_fingerprint text)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('appointment ' || _business_id::text || _key, 0));
    RETURN QUERY SELECT a.id, a.request_fingerprint::text FROM appointments a
        WHERE a.business_id = _business_id AND a.idempotency_key = _key
          AND _business_id = current_business_id();
END $$;

-- How many bookings a customer has: on one day, and upcoming. Known by account, email or phone, whichever matches;
-- waits for whoever is booking for the same customer, and counts in later statements.
CREATE FUNCTION bookings_of_customer(
    _business_id uuid, _user_id uuid, _email text, _phone text, _day tstzrange, _except uuid
) RETURNS TABLE (that_day bigint, upcoming bigint)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _identity text;
BEGIN
    FOR _identity IN
        SELECT who FROM unnest(ARRAY[_user_id::text, NULLIF(_email, ''), NULLIF(_phone, '')]) AS who
        WHERE who IS NOT NULL ORDER BY who
    LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('customer ' || _business_id::text || _identity, 0));
    END LOOP;
    RETURN QUERY
        SELECT count(*) FILTER (WHERE a.starts_at <@ _day),
               count(*) FILTER (WHERE a.status = 'confirmed' AND a.starts_at > clock_timestamp())
        FROM appointments a
        WHERE a.business_id = _business_id AND _business_id = current_business_id()
          AND a.status <> 'canceled' AND a.id IS DISTINCT FROM _except
          AND (a.customer_id = _user_id
               OR (a.customer_email = NULLIF(_email, '') AND a.customer_email <> '')
               OR (a.customer_phone = NULLIF(_phone, '') AND a.customer_phone <> ''));
END $$;

REVOKE EXECUTE ON FUNCTION hold_of_key(uuid, text), appointment_of_key(uuid, text),
    bookings_of_customer(uuid, uuid, text, text, tstzrange, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_of_key(uuid, text), appointment_of_key(uuid, text),
    bookings_of_customer(uuid, uuid, text, text, tstzrange, uuid) TO rhivo_app;
