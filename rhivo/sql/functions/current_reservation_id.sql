-- The hold that a visitor presents.
CREATE OR REPLACE FUNCTION current_reservation_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.reservation_id', true), '')::uuid $$;
COMMENT ON FUNCTION current_reservation_id() IS 'The hold a visitor presents, or NULL';
REVOKE EXECUTE ON FUNCTION current_reservation_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION current_reservation_id() TO rhivo_app;
