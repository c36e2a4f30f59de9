-- Whether one part of a visit follows another: at its end or a bounded wait later. Buffers are left out between two parts
-- that the same person does, and both say so.
CREATE OR REPLACE FUNCTION parts_meet(
    _ends_at timestamptz, _staff_id uuid, _joined_after boolean,
    _next_starts_at timestamptz, _next_staff_id uuid, _next_joined_before boolean, _max_wait integer
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT _next_starts_at BETWEEN _ends_at AND _ends_at + make_interval(mins => _max_wait)
           AND _joined_after = _next_joined_before AND (NOT _joined_after OR COALESCE(_staff_id = _next_staff_id, FALSE))
$$;
REVOKE EXECUTE ON FUNCTION parts_meet(timestamptz, uuid, boolean, timestamptz, uuid, boolean, integer) FROM PUBLIC;
