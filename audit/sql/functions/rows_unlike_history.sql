-- Return the rows of a business that differ from what their last entry says: they were changed in secret, or entries
-- are missing at the end. The tables are those with a trigger that has arguments: its entity, and its secret columns.
-- Only columns that both have are compared: a column that was added or dropped since is no damage. The version is
-- compared for appointments alone, because only there every change leaves an entry.
CREATE OR REPLACE FUNCTION rows_unlike_history(_business_id uuid)
    RETURNS TABLE (entity text, entity_id uuid, last_entry_id bigint, problem text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _watched record;
BEGIN
    FOR _watched IN
        SELECT tgrelid::regclass AS name, arguments[1] AS entity, arguments[2:cardinality(arguments) - 1] AS secret
        FROM pg_trigger, LATERAL (SELECT string_to_array(encode(tgargs, 'escape'), '\000') AS arguments) AS called
        WHERE tgnargs > 0 AND NOT tgisinternal ORDER BY 2
    LOOP
        RETURN QUERY EXECUTE format($query$
            SELECT %1$L, r.id, l.id,
                   CASE WHEN l.id IS NULL THEN 'no entry tells of it'
                        WHEN l.after IS NULL THEN 'its last entry says that it is gone'
                        WHEN l.differs <> '' THEN 'its last entry says otherwise about: ' || l.differs
                        ELSE 'it has version ' || (told ->> 'version') || ' and ' || entries || ' entries' END
            FROM %2$s r
            CROSS JOIN LATERAL (SELECT without_secrets(to_jsonb(r), %3$L) AS told) AS live
            LEFT JOIN LATERAL (
                SELECT last.id, last.after,
                       CASE WHEN last.after = told THEN '' ELSE (
                           SELECT COALESCE(string_agg(key, ', ' ORDER BY key), '')
                           FROM jsonb_each(COALESCE(last.after, '{}')) WHERE told ? key AND told -> key <> value
                                AND (key <> 'version' OR %4$L)) END AS differs
                FROM audit_logs last
                WHERE last.business_id = $1 AND last.entity = %1$L AND last.entity_id BETWEEN r.id AND r.id
                ORDER BY last.entity_id DESC, last.id DESC LIMIT 1
            ) AS l ON true
            CROSS JOIN LATERAL (
                SELECT CASE WHEN %4$L THEN count(*) END AS entries FROM audit_logs e
                WHERE %4$L AND e.business_id = $1 AND e.entity = %1$L AND e.entity_id = r.id
            ) AS counted
            WHERE r.%5$I = $1 AND (l.id IS NULL OR l.after IS NULL OR l.differs <> ''
                                   OR entries <> (told ->> 'version')::bigint)
            ORDER BY l.id NULLS FIRST
        $query$, _watched.entity, _watched.name, _watched.secret, _watched.entity = 'appointment',
            CASE WHEN _watched.entity = 'business' THEN 'id' ELSE 'business_id' END) USING _business_id;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION rows_unlike_history(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rows_unlike_history(uuid) TO rhivo_worker;
