DROP FUNCTION history_hash(audit_logs);
DROP FUNCTION write_history(uuid, text, uuid, text, jsonb, jsonb);
