-- Seal the oldest unsealed entries of a business, at most _limit of them, and return how many; 0 when there is nothing
-- new, NULL when the business is too busy or another session is sealing it. The digest is SHA-256 in hex over lines:
-- the digest before, `id hash` of each entry, `id business sealed_at` of the seal. The seal becomes an entry itself, so
-- that a seal that was deleted or put in is found. Entries of seals alone are nothing new, or sealing would never end.
-- READ COMMITTED, because a snapshot from before the lock would miss entries that were committed while it was awaited.
CREATE OR REPLACE FUNCTION seal_history(_business_id uuid, _limit integer DEFAULT 10000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _seal audit_seals;
    _start bigint;
    _end bigint;
    _lines text;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'history is sealed at READ COMMITTED only'
            USING ERRCODE = 'serialization_failure', CONSTRAINT = 'seals_need_read_committed';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended('seal ' || _business_id::text, 0)) THEN
        RETURN NULL;
    END IF;
    _end := closed_history(_business_id);
    IF _end IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT last_entry_id, digest INTO _start, _seal.previous_digest FROM audit_seals
        WHERE business_id = _business_id ORDER BY last_entry_id DESC LIMIT 1;
    PERFORM FROM audit_logs
        WHERE business_id = _business_id AND id > COALESCE(_start, 0) AND id <= _end AND entity <> 'seal' LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT count(*), max(id), string_agg(E'\n' || id || ' ' || hash, '' ORDER BY id)
        INTO _seal.entries, _seal.last_entry_id, _lines
        FROM (SELECT id, hash FROM audit_logs WHERE business_id = _business_id AND id > COALESCE(_start, 0) AND id <= _end
              ORDER BY id LIMIT _limit) AS unsealed;
    _seal.id := nextval('audit_seals_id_seq');
    _seal.business_id := _business_id;
    _seal.previous_digest := COALESCE(_seal.previous_digest, '');
    _seal.sealed_at := clock_timestamp();
    _seal.digest := encode(sha256(convert_to(
        _seal.previous_digest || _lines || E'\n' || _seal.id || ' ' || _business_id || ' '
        || to_char(_seal.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')), 'hex');
    INSERT INTO audit_seals (id, business_id, last_entry_id, entries, digest, previous_digest, sealed_at)
        VALUES (_seal.id, _seal.business_id, _seal.last_entry_id, _seal.entries, _seal.digest, _seal.previous_digest,
                _seal.sealed_at);
    PERFORM write_history(_business_id, 'seal', _business_id, 'sealed', NULL,
                          jsonb_build_object('id', _seal.id, 'entries', _seal.entries,
                                             'last_entry_id', _seal.last_entry_id, 'digest', _seal.digest));
    RETURN _seal.entries;
END $$;
REVOKE EXECUTE ON FUNCTION seal_history(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seal_history(uuid, integer) TO rhivo_worker;
