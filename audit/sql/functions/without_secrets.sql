-- Return a row as its history keeps it: without its secret columns.
CREATE OR REPLACE FUNCTION without_secrets(_row jsonb, _secret text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT _row - _secret
$$;
REVOKE EXECUTE ON FUNCTION without_secrets(jsonb, text[]) FROM PUBLIC;
