-- At most five live holds per visitor and business, also in parallel; the parts of a visit count as one, and
-- '' is not counted.
CREATE OR REPLACE FUNCTION limit_live_holds(_business_id uuid, _visitor text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _visitor = '' THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('visitor ' || _business_id::text || _visitor, 0));
    IF (SELECT count(DISTINCT visit_id) FROM reservations
        WHERE business_id = _business_id AND visitor = _visitor AND status = 'held'
          AND expires_at > clock_timestamp()) >= 5 THEN
        RAISE EXCEPTION 'five holds are live already'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'five_live_holds_a_visitor';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION limit_live_holds(uuid, text) FROM PUBLIC;
