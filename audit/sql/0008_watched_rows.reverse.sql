DROP FUNCTION rows_unlike_history(uuid);
DROP FUNCTION row_writes_history();
DROP FUNCTION told_of(jsonb, text[]);
