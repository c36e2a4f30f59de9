-- Return the hash of an entry, which anyone can recompute: SHA-256 over the previous hash and the canonical text of all
-- that the entry says. That is PostgreSQL's own text of a jsonb array: keys by length in bytes and then by bytes, `, `
-- and `: ` between values, numbers without exponent, only `"`, `\` and control characters escaped; see docs/history.md.
-- `SET search_path` also keeps the function from being inlined: inlined, it would copy the entry once a column.
CREATE OR REPLACE FUNCTION history_hash(_entry audit_logs) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT encode(sha256(convert_to(_entry.previous_hash || jsonb_build_array(
        _entry.id, _entry.business_id, _entry.entity, _entry.entity_id, _entry.action, _entry.actor_kind, _entry.actor,
        _entry.actor_role, _entry.reason, _entry.request_id, _entry.before, _entry.after,
        to_char(_entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    )::text, 'UTF8')), 'hex')
$$;
COMMENT ON FUNCTION history_hash(audit_logs) IS 'SHA-256 in hex over the previous hash and the canonical text of an entry';
REVOKE EXECUTE ON FUNCTION history_hash(audit_logs) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION history_hash(audit_logs) TO rhivo_app;
