-- The time that a booking claims: its own and the buffers around it.
CREATE OR REPLACE FUNCTION occupied_range(
    _starts_at timestamptz, _ends_at timestamptz, _before integer, _after integer
) RETURNS tstzrange LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT tstzrange(_starts_at - make_interval(mins => _before), _ends_at + make_interval(mins => _after), '[)')
$$;
REVOKE EXECUTE ON FUNCTION occupied_range(timestamptz, timestamptz, integer, integer) FROM PUBLIC;
