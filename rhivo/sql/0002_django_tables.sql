-- Django's own tables carry no tenant data and no row security; the web role gets what Django needs and no more.

GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO rhivo_app;
GRANT SELECT ON django_content_type, auth_permission, django_migrations TO rhivo_app;
GRANT SELECT, INSERT ON django_admin_log TO rhivo_app;
GRANT USAGE ON SEQUENCE django_admin_log_id_seq TO rhivo_app;
