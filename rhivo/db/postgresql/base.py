"""Django's PostgreSQL backend, with claims in the message that says BEGIN.

psycopg stays in autocommit; BEGIN is sent by hand together with every `set_config(…, true)`, so claims cost
no round trip, none can be left over from another transaction, and a query outside a transaction has none.
"""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base

from rhivo import claims


class DatabaseWrapper(base.DatabaseWrapper):
    """A PostgreSQL connection whose transactions know who is acting."""

    def get_connection_params(self) -> dict[str, Any]:
        if not self.settings_dict.get("HOST"):
            raise ImproperlyConfigured(
                "No database: set DATABASE_URL, or start the demo in another terminal with `make demo`."
            )
        return super().get_connection_params()

    def _set_autocommit(self, autocommit: bool) -> None:
        with self.wrap_database_errors:
            if not autocommit:
                self.connection.execute(f"BEGIN; {claims.set_config_sql(claims.current())}")
            elif not self.connection.autocommit:
                self.connection.autocommit = True
