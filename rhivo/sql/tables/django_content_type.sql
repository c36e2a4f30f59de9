-- Which models there are: Django's permissions refer to it.

GRANT SELECT ON django_content_type TO rhivo_app;
