DROP TRIGGER begins_without_overrides ON appointments;
DROP FUNCTION appointment_begins_without_overrides();
DROP TRIGGER within_the_terms ON appointments;
DROP FUNCTION appointment_keeps_to_the_terms();
