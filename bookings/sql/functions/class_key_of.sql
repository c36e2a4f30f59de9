-- Bookings of one start of a group service are one class and share its staff member.
CREATE OR REPLACE FUNCTION class_key_of(_service_id uuid, _starts_at timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT md5(_service_id::text || ' ' || extract(epoch FROM _starts_at)::bigint::text)::uuid $$;
REVOKE EXECUTE ON FUNCTION class_key_of(uuid, timestamptz) FROM PUBLIC;
