-- History and other append-only tables refuse every rewrite, also by their owner.
CREATE OR REPLACE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'append_only';
END $$;
REVOKE EXECUTE ON FUNCTION refuse_rewrite() FROM PUBLIC;
