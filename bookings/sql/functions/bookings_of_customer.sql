-- How many bookings a customer has: on one day, and upcoming. Known by account, email or phone, whichever matches;
-- waits for whoever is booking for the same customer, and counts in later statements.
CREATE OR REPLACE FUNCTION bookings_of_customer(
    _business_id uuid, _user_id uuid, _email text, _phone text, _day tstzrange, _except uuid
) RETURNS TABLE (that_day bigint, upcoming bigint)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _identity text;
BEGIN
    IF _business_id IS DISTINCT FROM current_business_id() THEN
        RETURN;
    END IF;
    FOR _identity IN
        SELECT who FROM unnest(ARRAY[_user_id::text, NULLIF(_email, ''), NULLIF(_phone, '')]) AS who
        WHERE who IS NOT NULL ORDER BY who
    LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('customer ' || _business_id::text || _identity, 0));
    END LOOP;
    RETURN QUERY
        SELECT count(DISTINCT a.visit_id) FILTER (WHERE a.starts_at <@ _day),
               count(DISTINCT a.visit_id) FILTER (WHERE a.status = 'confirmed' AND a.starts_at > clock_timestamp())
        FROM appointments a
        WHERE a.business_id = _business_id
          AND a.status <> 'canceled' AND a.id IS DISTINCT FROM _except
          AND (a.customer_id = _user_id
               OR (a.customer_email = NULLIF(_email, '') AND a.customer_email <> '')
               OR (a.customer_phone = NULLIF(_phone, '') AND a.customer_phone <> ''));
END $$;
REVOKE EXECUTE ON FUNCTION bookings_of_customer(uuid, uuid, text, text, tstzrange, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bookings_of_customer(uuid, uuid, text, text, tstzrange, uuid) TO rhivo_app;
