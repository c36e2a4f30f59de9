-- The version after the one that a row has, if that is the one its writer read. Raises `version_is_current`.
CREATE OR REPLACE FUNCTION next_version(_current integer, _read integer) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _read IS DISTINCT FROM _current THEN
        RAISE EXCEPTION 'version % was read, % is current', _read, _current
            USING ERRCODE = 'check_violation', CONSTRAINT = 'version_is_current';
    END IF;
    RETURN _current + 1;
END $$;
REVOKE EXECUTE ON FUNCTION next_version(integer, integer) FROM PUBLIC;
