DROP FUNCTION record_event(text, uuid, text, jsonb);
