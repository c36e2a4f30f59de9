-- A reference that reads well on the phone: a running number, scattered over 31^6 by a factor coprime to 31, in an
-- alphabet without 0/O and 1/I/L. Unique on the installation because the number is.
CREATE OR REPLACE FUNCTION new_reference() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _alphabet constant text := '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
    _code text := '';
    _number bigint := (nextval('appointment_numbers') * 634287413 + 271828183) % 887503681;
BEGIN
    FOR _ IN 1..6 LOOP
        _code := _code || substr(_alphabet, (_number % 31)::int + 1, 1);
        _number := _number / 31;
    END LOOP;
    RETURN 'RHV-' || left(_code, 3) || '-' || right(_code, 3);
END $$;
REVOKE EXECUTE ON FUNCTION new_reference() FROM PUBLIC;
