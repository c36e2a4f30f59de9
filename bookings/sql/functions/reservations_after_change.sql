-- A hold occupies its time while it is held.
CREATE OR REPLACE FUNCTION reservations_after_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM occupy_for_reservation(TG_OP, OLD, NEW);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION reservations_after_change() FROM PUBLIC;
