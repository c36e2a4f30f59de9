"""Bring the database's objects to what `businesses/sql` says: written by `makesqlmigration`, never edited."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("audit", "0002_row_level_security"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("bookings", "0001_reservations_and_appointments"),
        ("businesses", "0002_availability"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("notifications", "0001_outbox"),
        ("rhivo", "0001_claims"),
        ("sessions", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            sql=r"""
CREATE OR REPLACE FUNCTION account_writes_history() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _before constant jsonb := to_jsonb(OLD) - 'password';
    _after constant jsonb := to_jsonb(NEW) - 'password';
    _action constant text := CASE WHEN NEW.password <> OLD.password THEN 'password_changed' ELSE 'changed' END;
    _place uuid;
BEGIN
    IF _action = 'changed' AND _before = _after THEN
        RETURN NULL;
    END IF;
    FOR _place IN SELECT business_id FROM memberships WHERE user_id = NEW.id ORDER BY business_id LOOP
        PERFORM write_history(_place, 'account', NEW.id, _action, _before, _after);
    END LOOP;
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION account_writes_history() FROM PUBLIC;

CREATE OR REPLACE FUNCTION find_login(_email text) RETURNS SETOF users
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT * FROM users WHERE email = lower(_email) $$;

COMMENT ON FUNCTION find_login(text) IS 'The account with exactly this email, for checking a password';

REVOKE EXECUTE ON FUNCTION find_login(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION find_login(text) TO rhivo_app;

CREATE OR REPLACE FUNCTION my_businesses() RETURNS TABLE (business_id uuid, subdomain text, name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT b.id, b.subdomain, b.name, m.role
        FROM memberships m JOIN businesses b ON b.id = m.business_id
        WHERE m.user_id = current_user_id() ORDER BY m.created_at, b.id
    $$;

COMMENT ON FUNCTION my_businesses() IS 'Businesses in which the signed-in person is owner or staff';

REVOKE EXECUTE ON FUNCTION my_businesses() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION my_businesses() TO rhivo_app;

CREATE OR REPLACE FUNCTION record_event(_entity text, _entity_id uuid, _action text, _details jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _installation constant uuid := '00000000-0000-0000-0000-000000000000';
    _about constant uuid := COALESCE(_entity_id, _installation);
    _here constant uuid := COALESCE(current_business_id(), _installation);
    _places uuid[] := ARRAY[_here];
    _place uuid;
    _sixtieth timestamptz;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'events are recorded at READ COMMITTED only'
            USING ERRCODE = 'serialization_failure', CONSTRAINT = 'events_need_read_committed';
    END IF;
    IF (_entity || ' ' || _action = 'login refused'
        OR _entity || ' ' || _action IN ('login logged_in', 'login logged_out') AND _about = current_user_id()
        OR _entity || ' ' || _action = 'export exported' AND _about = _here
           AND (working_business_id() IS NOT NULL OR session_user = 'rhivo_worker')) IS NOT TRUE
       OR jsonb_typeof(_details) <> 'object' OR octet_length(_details::text) > 500 THEN
        RAISE EXCEPTION 'this is no event that may be told'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'event_is_allowed';
    END IF;
    IF _entity = 'login' AND EXISTS (SELECT FROM memberships WHERE user_id = _about) THEN
        _places := ARRAY(SELECT business_id FROM memberships WHERE user_id = _about ORDER BY business_id);
    END IF;
    FOREACH _place IN ARRAY _places LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('history ' || _place::text || _entity || _about::text, 0));
        SELECT at INTO _sixtieth FROM audit_logs
            WHERE business_id = _place AND entity = _entity AND entity_id BETWEEN _about AND _about
            ORDER BY entity_id DESC, id DESC OFFSET 59 LIMIT 1;
        IF _action <> 'refused' OR _sixtieth IS NULL OR _sixtieth < clock_timestamp() - interval '1 minute' THEN
            PERFORM write_history(_place, _entity, _about, _action, NULL, _details);
        END IF;
    END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION record_event(text, uuid, text, jsonb) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION record_event(text, uuid, text, jsonb) TO rhivo_app;

CREATE OR REPLACE FUNCTION role_in(_user_id uuid, _business_id uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT COALESCE((SELECT role FROM memberships WHERE user_id = _user_id AND business_id = _business_id), 'customer')
        FROM users WHERE id = _user_id AND id = current_user_id() AND is_active
    $$;

COMMENT ON FUNCTION role_in(uuid, uuid) IS 'owner, staff or customer; NULL for who is deleted or disabled';

REVOKE EXECUTE ON FUNCTION role_in(uuid, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION role_in(uuid, uuid) TO rhivo_app;

ALTER TABLE availability ENABLE ROW LEVEL SECURITY;

ALTER TABLE availability FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON availability TO rhivo_owner USING (true) WITH CHECK (true);

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON availability
            FOR EACH ROW EXECUTE FUNCTION row_writes_history('availability');

ALTER TABLE availability ADD CONSTRAINT availability_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id) ON DELETE CASCADE;

ALTER TABLE availability ADD CONSTRAINT weekly_windows_apart EXCLUDE USING gist (
    business_id WITH =,
    COALESCE(staff_id, '00000000-0000-0000-0000-000000000000') WITH =,
    weekday WITH =,
    int4range(opens, closes, '[]') WITH &&
) WHERE (weekday IS NOT NULL);

ALTER TABLE availability ADD CONSTRAINT exception_windows_apart EXCLUDE USING gist (
    business_id WITH =,
    COALESCE(staff_id, '00000000-0000-0000-0000-000000000000') WITH =,
    daterange(first_date, last_date, '[]') WITH &&,
    int4range(opens, closes, '[]') WITH &&
) WHERE (weekday IS NULL AND opens IS NOT NULL);

CREATE POLICY public_reads ON availability FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = availability.business_id));

CREATE POLICY its_owner_adds ON availability FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_changes ON availability FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_removes ON availability FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));

GRANT SELECT, INSERT, UPDATE, DELETE ON availability TO rhivo_app;

ALTER TABLE businesses ENABLE ROW LEVEL SECURITY;

ALTER TABLE businesses FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON businesses TO rhivo_owner USING (true) WITH CHECK (true);

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON businesses
            FOR EACH ROW EXECUTE FUNCTION row_writes_history('business');

CREATE POLICY public_reads_active ON businesses FOR SELECT TO rhivo_app
    USING (is_active AND COALESCE(id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL));

CREATE POLICY people_at_work_read ON businesses FOR SELECT TO rhivo_app USING (id = (SELECT working_business_id()));

CREATE POLICY its_owner_changes ON businesses FOR UPDATE TO rhivo_app
    USING (id = (SELECT owned_business_id())) WITH CHECK (id = (SELECT owned_business_id()));

CREATE POLICY operator_reads_all ON businesses FOR SELECT TO rhivo_worker USING (true);

CREATE POLICY operator_founds ON businesses FOR INSERT TO rhivo_worker
    WITH CHECK (id = (SELECT owned_business_id()));

GRANT SELECT, UPDATE ON businesses TO rhivo_app;

GRANT INSERT ON businesses TO rhivo_worker;

CREATE TRIGGER before_update BEFORE UPDATE ON businesses FOR EACH ROW EXECUTE FUNCTION bump_version();

ALTER TABLE categories ENABLE ROW LEVEL SECURITY;

ALTER TABLE categories FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON categories TO rhivo_owner USING (true) WITH CHECK (true);

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON categories
            FOR EACH ROW EXECUTE FUNCTION row_writes_history('category');

CREATE POLICY public_reads ON categories FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = categories.business_id));

CREATE POLICY its_owner_adds ON categories FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_changes ON categories FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_removes ON categories FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));

GRANT SELECT, INSERT, UPDATE, DELETE ON categories TO rhivo_app;

ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;

ALTER TABLE memberships FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON memberships TO rhivo_owner USING (true) WITH CHECK (true);

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON memberships
            FOR EACH ROW EXECUTE FUNCTION row_writes_history('membership');

ALTER TABLE memberships ADD CONSTRAINT membership_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id) ON DELETE SET NULL (staff_id);

CREATE POLICY people_at_work_read ON memberships FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));

CREATE POLICY its_owner_adds ON memberships FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_changes ON memberships FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_removes ON memberships FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));

GRANT SELECT, INSERT, UPDATE, DELETE ON memberships TO rhivo_app;

ALTER TABLE resources ENABLE ROW LEVEL SECURITY;

ALTER TABLE resources FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON resources TO rhivo_owner USING (true) WITH CHECK (true);

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON resources
            FOR EACH ROW EXECUTE FUNCTION row_writes_history('resource');

CREATE POLICY public_reads ON resources FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = resources.business_id));

CREATE POLICY its_owner_adds ON resources FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_changes ON resources FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_removes ON resources FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));

GRANT SELECT, INSERT, UPDATE, DELETE ON resources TO rhivo_app;

CREATE TRIGGER before_update BEFORE UPDATE ON resources FOR EACH ROW EXECUTE FUNCTION bump_version();

ALTER TABLE service_resources ENABLE ROW LEVEL SECURITY;

ALTER TABLE service_resources FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON service_resources TO rhivo_owner USING (true) WITH CHECK (true);

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON service_resources
            FOR EACH ROW EXECUTE FUNCTION row_writes_history('need');

ALTER TABLE service_resources ADD CONSTRAINT need_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id) ON DELETE CASCADE;

CREATE POLICY public_reads ON service_resources FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = service_resources.business_id));

CREATE POLICY its_owner_adds ON service_resources FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_changes ON service_resources FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_removes ON service_resources FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));

GRANT SELECT, INSERT, UPDATE, DELETE ON service_resources TO rhivo_app;

ALTER TABLE service_staff ENABLE ROW LEVEL SECURITY;

ALTER TABLE service_staff FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON service_staff TO rhivo_owner USING (true) WITH CHECK (true);

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON service_staff
            FOR EACH ROW EXECUTE FUNCTION row_writes_history('assignment');

ALTER TABLE service_staff ADD CONSTRAINT assignment_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id) ON DELETE CASCADE;

ALTER TABLE service_staff ADD CONSTRAINT assignment_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id) ON DELETE CASCADE;

CREATE POLICY public_reads ON service_staff FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = service_staff.business_id));

CREATE POLICY its_owner_adds ON service_staff FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_changes ON service_staff FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_removes ON service_staff FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));

GRANT SELECT, INSERT, UPDATE, DELETE ON service_staff TO rhivo_app;

ALTER TABLE services ENABLE ROW LEVEL SECURITY;

ALTER TABLE services FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON services TO rhivo_owner USING (true) WITH CHECK (true);

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON services
            FOR EACH ROW EXECUTE FUNCTION row_writes_history('service');

ALTER TABLE services ADD CONSTRAINT service_category_same_business
    FOREIGN KEY (business_id, category_id) REFERENCES categories (business_id, id) ON DELETE SET NULL (category_id);

CREATE POLICY public_reads ON services FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = services.business_id));

CREATE POLICY its_owner_adds ON services FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_changes ON services FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_removes ON services FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));

GRANT SELECT, INSERT, UPDATE, DELETE ON services TO rhivo_app;

CREATE TRIGGER before_update BEFORE UPDATE ON services FOR EACH ROW EXECUTE FUNCTION bump_version();

ALTER TABLE staff ENABLE ROW LEVEL SECURITY;

ALTER TABLE staff FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON staff TO rhivo_owner USING (true) WITH CHECK (true);

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON staff
            FOR EACH ROW EXECUTE FUNCTION row_writes_history('staff');

CREATE POLICY public_reads ON staff FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = staff.business_id));

CREATE POLICY its_owner_adds ON staff FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_changes ON staff FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY its_owner_removes ON staff FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));

GRANT SELECT, INSERT, UPDATE, DELETE ON staff TO rhivo_app;

CREATE TRIGGER before_update BEFORE UPDATE ON staff FOR EACH ROW EXECUTE FUNCTION bump_version();

ALTER TABLE users ENABLE ROW LEVEL SECURITY;

ALTER TABLE users FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON users TO rhivo_owner USING (true) WITH CHECK (true);

CREATE POLICY oneself ON users FOR SELECT TO rhivo_app USING (id = (SELECT current_user_id()));

CREATE POLICY colleagues ON users FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM memberships m
                   WHERE m.user_id = users.id AND m.business_id = (SELECT working_business_id())));

CREATE POLICY oneself_changes ON users FOR UPDATE TO rhivo_app
    USING (id = (SELECT current_user_id())) WITH CHECK (id = (SELECT current_user_id()));

CREATE POLICY operator_reads ON users FOR SELECT TO rhivo_worker USING (true);

CREATE POLICY operator_adds ON users FOR INSERT TO rhivo_worker WITH CHECK (true);

GRANT SELECT ON users TO rhivo_app;

GRANT UPDATE (name, phone, password, email_verified_at) ON users TO rhivo_app;

GRANT INSERT ON users TO rhivo_worker;

CREATE TRIGGER after_change AFTER UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION account_writes_history();
""",
            reverse_sql=r"""
DROP TRIGGER after_change ON users;

REVOKE INSERT ON users FROM rhivo_worker;

REVOKE UPDATE (name, phone, password, email_verified_at) ON users FROM rhivo_app;

REVOKE SELECT ON users FROM rhivo_app;

DROP POLICY operator_adds ON users;

DROP POLICY operator_reads ON users;

DROP POLICY oneself_changes ON users;

DROP POLICY colleagues ON users;

DROP POLICY oneself ON users;

DROP POLICY owner_sees_all ON users;

ALTER TABLE users NO FORCE ROW LEVEL SECURITY;

ALTER TABLE users DISABLE ROW LEVEL SECURITY;

DROP TRIGGER before_update ON staff;

REVOKE SELECT, INSERT, UPDATE, DELETE ON staff FROM rhivo_app;

DROP POLICY its_owner_removes ON staff;

DROP POLICY its_owner_changes ON staff;

DROP POLICY its_owner_adds ON staff;

DROP POLICY public_reads ON staff;

DROP TRIGGER after_change ON staff;

DROP POLICY owner_sees_all ON staff;

ALTER TABLE staff NO FORCE ROW LEVEL SECURITY;

ALTER TABLE staff DISABLE ROW LEVEL SECURITY;

DROP TRIGGER before_update ON services;

REVOKE SELECT, INSERT, UPDATE, DELETE ON services FROM rhivo_app;

DROP POLICY its_owner_removes ON services;

DROP POLICY its_owner_changes ON services;

DROP POLICY its_owner_adds ON services;

DROP POLICY public_reads ON services;

ALTER TABLE services DROP CONSTRAINT service_category_same_business;

DROP TRIGGER after_change ON services;

DROP POLICY owner_sees_all ON services;

ALTER TABLE services NO FORCE ROW LEVEL SECURITY;

ALTER TABLE services DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON service_staff FROM rhivo_app;

DROP POLICY its_owner_removes ON service_staff;

DROP POLICY its_owner_changes ON service_staff;

DROP POLICY its_owner_adds ON service_staff;

DROP POLICY public_reads ON service_staff;

ALTER TABLE service_staff DROP CONSTRAINT assignment_staff_same_business;

ALTER TABLE service_staff DROP CONSTRAINT assignment_service_same_business;

DROP TRIGGER after_change ON service_staff;

DROP POLICY owner_sees_all ON service_staff;

ALTER TABLE service_staff NO FORCE ROW LEVEL SECURITY;

ALTER TABLE service_staff DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON service_resources FROM rhivo_app;

DROP POLICY its_owner_removes ON service_resources;

DROP POLICY its_owner_changes ON service_resources;

DROP POLICY its_owner_adds ON service_resources;

DROP POLICY public_reads ON service_resources;

ALTER TABLE service_resources DROP CONSTRAINT need_service_same_business;

DROP TRIGGER after_change ON service_resources;

DROP POLICY owner_sees_all ON service_resources;

ALTER TABLE service_resources NO FORCE ROW LEVEL SECURITY;

ALTER TABLE service_resources DISABLE ROW LEVEL SECURITY;

DROP TRIGGER before_update ON resources;

REVOKE SELECT, INSERT, UPDATE, DELETE ON resources FROM rhivo_app;

DROP POLICY its_owner_removes ON resources;

DROP POLICY its_owner_changes ON resources;

DROP POLICY its_owner_adds ON resources;

DROP POLICY public_reads ON resources;

DROP TRIGGER after_change ON resources;

DROP POLICY owner_sees_all ON resources;

ALTER TABLE resources NO FORCE ROW LEVEL SECURITY;

ALTER TABLE resources DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON memberships FROM rhivo_app;

DROP POLICY its_owner_removes ON memberships;

DROP POLICY its_owner_changes ON memberships;

DROP POLICY its_owner_adds ON memberships;

DROP POLICY people_at_work_read ON memberships;

ALTER TABLE memberships DROP CONSTRAINT membership_staff_same_business;

DROP TRIGGER after_change ON memberships;

DROP POLICY owner_sees_all ON memberships;

ALTER TABLE memberships NO FORCE ROW LEVEL SECURITY;

ALTER TABLE memberships DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON categories FROM rhivo_app;

DROP POLICY its_owner_removes ON categories;

DROP POLICY its_owner_changes ON categories;

DROP POLICY its_owner_adds ON categories;

DROP POLICY public_reads ON categories;

DROP TRIGGER after_change ON categories;

DROP POLICY owner_sees_all ON categories;

ALTER TABLE categories NO FORCE ROW LEVEL SECURITY;

ALTER TABLE categories DISABLE ROW LEVEL SECURITY;

DROP TRIGGER before_update ON businesses;

REVOKE INSERT ON businesses FROM rhivo_worker;

REVOKE SELECT, UPDATE ON businesses FROM rhivo_app;

DROP POLICY operator_founds ON businesses;

DROP POLICY operator_reads_all ON businesses;

DROP POLICY its_owner_changes ON businesses;

DROP POLICY people_at_work_read ON businesses;

DROP POLICY public_reads_active ON businesses;

DROP TRIGGER after_change ON businesses;

DROP POLICY owner_sees_all ON businesses;

ALTER TABLE businesses NO FORCE ROW LEVEL SECURITY;

ALTER TABLE businesses DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON availability FROM rhivo_app;

DROP POLICY its_owner_removes ON availability;

DROP POLICY its_owner_changes ON availability;

DROP POLICY its_owner_adds ON availability;

DROP POLICY public_reads ON availability;

ALTER TABLE availability DROP CONSTRAINT exception_windows_apart;

ALTER TABLE availability DROP CONSTRAINT weekly_windows_apart;

ALTER TABLE availability DROP CONSTRAINT availability_staff_same_business;

DROP TRIGGER after_change ON availability;

DROP POLICY owner_sees_all ON availability;

ALTER TABLE availability NO FORCE ROW LEVEL SECURITY;

ALTER TABLE availability DISABLE ROW LEVEL SECURITY;

REVOKE EXECUTE ON FUNCTION role_in(uuid, uuid) FROM rhivo_app;

GRANT EXECUTE ON FUNCTION role_in(uuid, uuid) TO PUBLIC;

COMMENT ON FUNCTION role_in(uuid, uuid) IS NULL;

DROP FUNCTION role_in(_user_id uuid, _business_id uuid);

REVOKE EXECUTE ON FUNCTION record_event(text, uuid, text, jsonb) FROM rhivo_app;

GRANT EXECUTE ON FUNCTION record_event(text, uuid, text, jsonb) TO PUBLIC;

DROP FUNCTION record_event(_entity text, _entity_id uuid, _action text, _details jsonb);

REVOKE EXECUTE ON FUNCTION my_businesses() FROM rhivo_app;

GRANT EXECUTE ON FUNCTION my_businesses() TO PUBLIC;

COMMENT ON FUNCTION my_businesses() IS NULL;

DROP FUNCTION my_businesses();

REVOKE EXECUTE ON FUNCTION find_login(text) FROM rhivo_app;

GRANT EXECUTE ON FUNCTION find_login(text) TO PUBLIC;

COMMENT ON FUNCTION find_login(text) IS NULL;

DROP FUNCTION find_login(_email text);

GRANT EXECUTE ON FUNCTION account_writes_history() TO PUBLIC;

DROP FUNCTION account_writes_history();
""",
        ),
    ]
