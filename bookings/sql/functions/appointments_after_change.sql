-- An appointment occupies its time, then enters the history under the arguments of the trigger: the entity and its secrets.
CREATE OR REPLACE FUNCTION appointments_after_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM check_visit(TG_OP, OLD, NEW);
    PERFORM occupy_for_appointment(TG_OP, OLD, NEW);
    PERFORM write_appointment_history(TG_OP, OLD, NEW, TG_ARGV[0], TG_ARGV[1:]);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION appointments_after_change() FROM PUBLIC;
