-- A change of any watched row leaves one entry without secrets, and a row that its last entry does not tell of is found.

-- What may be told of a row: all but its secret columns, instants in UTC whatever the session's zone.
CREATE FUNCTION told_of(_row jsonb, _secret text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT _row - _secret
$$;

-- The trigger: its first argument is the entity, the others are secret columns. A change of a secret is told without
-- its values; an update that changes nothing but the version is not told.
CREATE FUNCTION row_writes_history() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _secret constant text[] := TG_ARGV[1:];
    _old constant jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    _new constant jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    _row constant jsonb := COALESCE(_new, _old);
    _before constant jsonb := told_of(_old, _secret);
    _after constant jsonb := told_of(_new, _secret);
    _action text := CASE TG_OP WHEN 'INSERT' THEN 'added' WHEN 'DELETE' THEN 'removed' ELSE 'changed' END;
BEGIN
    IF TG_OP = 'UPDATE' AND _before - 'version' = _after - 'version' THEN
        IF _old - 'version' = _new - 'version' THEN
            RETURN NULL;
        END IF;
        _action := 'secret_changed';
    END IF;
    PERFORM write_history(COALESCE(_row ->> 'business_id', _row ->> 'id')::uuid, TG_ARGV[0], (_row ->> 'id')::uuid,
                          _action, _before, _after);
    RETURN NULL;
END $$;

-- Rows of a business that their last entry does not tell of as they are: changed in secret, or entries are missing at the
-- end. The tables are those with a trigger `writes_history`. Compared are the columns that both know, so that a column
-- which came or went since is no damage. The version counts where every change leaves an entry, which is of appointments.
CREATE FUNCTION rows_unlike_history(_business_id uuid)
    RETURNS TABLE (entity text, entity_id uuid, last_entry_id bigint, problem text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _watched record;
BEGIN
    FOR _watched IN
        SELECT tgrelid::regclass AS name, arguments[1] AS entity, arguments[2:cardinality(arguments) - 1] AS secret
        FROM pg_trigger, LATERAL (SELECT string_to_array(encode(tgargs, 'escape'), '\000') AS arguments) AS called
        WHERE tgname = 'writes_history' AND NOT tgisinternal ORDER BY 2
    LOOP
        RETURN QUERY EXECUTE format($query$
            SELECT %1$L, r.id, l.id,
                   CASE WHEN l.id IS NULL THEN 'no entry tells of it'
                        WHEN l.after IS NULL THEN 'its last entry says that it is gone'
                        WHEN l.differs <> '' THEN 'its last entry says otherwise about: ' || l.differs
                        ELSE 'it has version ' || (told ->> 'version') || ' and ' || entries || ' entries' END
            FROM %2$s r
            CROSS JOIN LATERAL (SELECT told_of(to_jsonb(r), %3$L) AS told) AS live
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

REVOKE EXECUTE ON FUNCTION told_of(jsonb, text[]), row_writes_history(), rows_unlike_history(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rows_unlike_history(uuid) TO rhivo_worker;
