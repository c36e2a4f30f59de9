-- Fill a migrated database with {businesses} alike businesses and {appointments} appointments over {days} days each, of
-- which {ahead} lie ahead: 10 staff from 09:00 to 18:00, 30 minutes each, six in ten places taken.
-- Run by a superuser without triggers: appointments and their busy times are written as the triggers would leave them.
SET session_replication_role = replica;
-- As many places are taken in each run.
SELECT setseed(0.5);

INSERT INTO businesses (id, subdomain, name, timezone, locale, currency, is_active, is_listed, tagline, email, phone,
                        address, accent_color, slot_interval_minutes, min_notice_minutes, max_advance_days, hold_minutes,
                        max_per_customer_per_day, max_upcoming_per_customer, requires_email, requires_phone, questions,
                        allows_cancellation, cancellation_deadline_hours, allows_rescheduling,
                        reschedule_deadline_hours, version, created_at)
SELECT gen_random_uuid(), 'bench-' || n, 'Bench ' || n, 'Europe/Rome', 'en', 'EUR', true, true, '', '', '',
       '', '#1f6f5c', 30, 0, 365, 30, 100, 1000, true, false, '[]', true, 24, true, 24, 1, now()
FROM generate_series(1, {businesses}) AS n;

INSERT INTO availability (id, business_id, weekday, opens, closes, reason)
SELECT gen_random_uuid(), b.id, weekday, 9 * 60, 18 * 60, ''
FROM businesses b, generate_series(0, 6) AS weekday;

INSERT INTO staff (id, business_id, slug, name, title, position, is_active, version)
SELECT gen_random_uuid(), b.id, 'person-' || n, 'Person ' || n, '', n, true, 1
FROM businesses b, generate_series(1, 10) AS n;

INSERT INTO services (id, business_id, slug, name, description, duration_minutes, price_cents, max_simultaneous_bookings,
                      buffer_before_minutes, buffer_after_minutes, is_group, is_active, position, version)
SELECT gen_random_uuid(), b.id, 'service-' || n, 'Service ' || n, '', 30, 2500, 10, 0, 0, false, true, n, 1
FROM businesses b, generate_series(1, 5) AS n;

INSERT INTO service_staff (id, business_id, service_id, staff_id)
SELECT gen_random_uuid(), s.business_id, s.id, p.id
FROM services s JOIN staff p USING (business_id);

-- Every place of every person, and whether it is taken.
CREATE UNLOGGED TABLE bench_places AS
SELECT s.business_id, s.id AS service_id, p.id AS staff_id, slot AS starts_at, random() < 0.6 AS taken
FROM staff p
     CROSS JOIN generate_series({ahead} - {days} + 1, {ahead}) AS day
     CROSS JOIN generate_series(0, 17) AS step
     JOIN services s ON s.business_id = p.business_id AND s.position = 1 + (day + step + p.position + 10000) % 5,
     LATERAL (VALUES ((current_date + day + time '09:00' + step * interval '30 minutes')
                      AT TIME ZONE 'Europe/Rome')) AS local (slot);

INSERT INTO appointments (id, visit_id, business_id, reference, service_id, staff_id, starts_at, ends_at, status, version,
                          customer_name, customer_email, customer_phone, notes, answers, service_name, service_capacity, price_cents,
                          currency, cancellation_token_hash, overrides, request_fingerprint, created_at)
SELECT id, id, business_id, 'B' || lpad(n::text, 10, '0'), service_id, staff_id, starts_at,
       starts_at + interval '30 minutes', CASE WHEN starts_at < now() THEN 'completed' ELSE 'confirmed' END, 1,
       'Guest', 'guest' || n % 20000 || '@example.com', '', '', '{{}}', 'Service', 10, 2500,
       'EUR', md5(n::text) || md5(n::text), '[]', '', starts_at - interval '5 days'
FROM (SELECT *, gen_random_uuid() AS id, row_number() OVER (ORDER BY starts_at DESC) AS n FROM bench_places WHERE taken)
     AS place
WHERE n <= {appointments} ORDER BY n DESC;

INSERT INTO busy_times (business_id, source_id, segment, service_id, staff_id, capacity, class_key, places, during)
SELECT business_id, id, 0, service_id, staff_id, 1, id, 1, tstzrange(starts_at, ends_at) FROM appointments;
