DROP TRIGGER writes_history ON webhook_endpoints;
