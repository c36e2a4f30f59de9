REVOKE USAGE ON SEQUENCE django_admin_log_id_seq FROM rhivo_app;
REVOKE SELECT, INSERT ON django_admin_log FROM rhivo_app;
REVOKE SELECT ON django_content_type, auth_permission, django_migrations FROM rhivo_app;
REVOKE SELECT, INSERT, UPDATE, DELETE ON django_session FROM rhivo_app;
