DROP TRIGGER says_when_it_was_released ON reservations;
DROP FUNCTION released_hold_says_when();
DROP POLICY whose_appointment_it_is_reads ON audit_logs;
