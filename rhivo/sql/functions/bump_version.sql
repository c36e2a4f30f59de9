-- Two editors never overwrite each other: a trigger that adds one to the version of a row whose writer read the present one.
CREATE OR REPLACE FUNCTION bump_version() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.version := next_version(OLD.version, NEW.version);
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION bump_version() FROM PUBLIC;
