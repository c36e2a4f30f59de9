-- The time that a booking takes of its person: all that it occupies but the processing time.
CREATE OR REPLACE FUNCTION working_ranges(
    _during tstzrange, _starts_at timestamptz, _processing_after integer, _processing integer
) RETURNS tstzmultirange LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT tstzmultirange(_during) - tstzmultirange(tstzrange(
        _starts_at + make_interval(mins => _processing_after),
        _starts_at + make_interval(mins => _processing_after + _processing)))
$$;
REVOKE EXECUTE ON FUNCTION working_ranges(tstzrange, timestamptz, integer, integer) FROM PUBLIC;
