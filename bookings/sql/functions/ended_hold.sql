-- A hold changes in three ways only: it ends, it ends sooner, or its appointment takes it over. One that ended frees its key.
CREATE OR REPLACE FUNCTION ended_hold(_old reservations, _new reservations) RETURNS reservations
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _old.status <> 'held' AND _new.status <> _old.status OR _new.expires_at > _old.expires_at THEN
        RAISE EXCEPTION 'hold % has ended, and no hold can be made longer', _old.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_only_ends';
    END IF;
    -- Committing is what the insert of its appointment does, never an update by itself.
    IF _new.status = 'committed' AND _old.status = 'held' AND pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'hold % is committed by inserting its appointment', _old.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_only_ends';
    END IF;
    -- One that is released ended now: otherwise nobody could say later when its time was free again.
    IF _old.status = 'held' AND _new.status = 'released' THEN
        _new.expires_at := LEAST(_new.expires_at, clock_timestamp());
    END IF;
    IF _new.status IN ('released', 'expired') THEN
        _new.idempotency_key := NULL;
    END IF;
    RETURN _new;
END $$;
REVOKE EXECUTE ON FUNCTION ended_hold(reservations, reservations) FROM PUBLIC;
