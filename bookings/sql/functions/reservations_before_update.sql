-- A hold only ends.
CREATE OR REPLACE FUNCTION reservations_before_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW := ended_hold(OLD, NEW);
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION reservations_before_update() FROM PUBLIC;
