-- Nobody serves more at a time than their capacity. Between claims of capacity 1 the exclusion constraint sees to that, so
-- a peak is counted only where somebody has been shared.
CREATE OR REPLACE FUNCTION check_staff_capacity(
    _business_id uuid, _staff_id uuid, _capacity integer, _working tstzmultirange, _class_key uuid
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _range tstzrange;
BEGIN
    IF _capacity = 1 AND NOT EXISTS (
        SELECT FROM busy_times
        WHERE business_id = _business_id AND staff_id = _staff_id AND during && range_merge(_working) AND capacity > 1
    ) THEN
        RETURN;
    END IF;
    FOREACH _range IN ARRAY ARRAY(SELECT unnest(_working)) LOOP
        IF peak_uses(_business_id, _staff_id, NULL, _range, _class_key) >= _capacity THEN
            RAISE EXCEPTION 'staff % is busy in %', _staff_id, _range
                USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'staff_capacity';
        END IF;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION check_staff_capacity(uuid, uuid, integer, tstzmultirange, uuid) FROM PUBLIC;
