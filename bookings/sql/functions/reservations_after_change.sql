-- A hold occupies its time while it is held.
CREATE OR REPLACE FUNCTION reservations_after_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND (NEW.part > 1 OR NEW.joined_after OR NEW.joined_before) THEN
        PERFORM reservations_in_order(NEW);
    END IF;
    PERFORM occupy_for_reservation(TG_OP, OLD, NEW);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION reservations_after_change() FROM PUBLIC;
