-- Who is told of a business's events is part of its configuration: changes are told in its history, the secret never.

CREATE TRIGGER writes_history AFTER INSERT OR UPDATE OR DELETE ON webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION row_writes_history('webhook', 'secret');
