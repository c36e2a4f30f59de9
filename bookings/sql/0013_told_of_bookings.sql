-- A message on a booking tells of one that is as it says, reaches nobody but its customer, and carries no link but its own.

CREATE POLICY acting_there_tells_customers ON notification_logs FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id()) AND template LIKE 'appointment\_%');

-- The appointment must be reachable under the same claims: the query below is bound by the policies of appointments. A
-- message names the version it tells of, and is owed once, so each change is told of once at most.
CREATE POLICY tells_the_truth_of_bookings ON notification_logs AS RESTRICTIVE FOR INSERT TO rhivo_app
    WITH CHECK (CASE WHEN template LIKE 'appointment\_%' OR context ? 'manage_token_of' THEN EXISTS (
        SELECT FROM appointments a
        WHERE a.business_id = notification_logs.business_id
          AND a.id = (notification_logs.context ->> 'appointment_id')::uuid
          AND a.customer_email = notification_logs.recipient AND a.customer_email <> ''
          AND (notification_logs.context ->> 'manage_token_of') IN ('', COALESCE(a.reservation_id, a.id)::text)
          AND notification_logs.dedupe_key = concat_ws(' ', a.id, substr(notification_logs.template, 13), a.version)
          AND CASE notification_logs.template
              WHEN 'appointment_confirmed' THEN a.status = 'confirmed' AND a.version = 1
              WHEN 'appointment_moved' THEN a.status = 'confirmed' AND a.version > 1
              WHEN 'appointment_canceled' THEN a.status = 'canceled'
              ELSE false END
    ) ELSE true END);
