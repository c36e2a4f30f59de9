-- What the two logins may do in the database as a whole. They reach its tables by the grants of each table.

GRANT USAGE ON SCHEMA public TO rhivo_app, rhivo_worker;

-- Temporary tables, and functions and operators in pg_temp, are for nobody but the owner of the database.
DO $$ BEGIN
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database());
END $$;
