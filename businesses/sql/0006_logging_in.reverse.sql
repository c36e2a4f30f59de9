DROP FUNCTION my_businesses();
DROP FUNCTION standing_of(uuid, uuid);
DROP FUNCTION find_login(text);
