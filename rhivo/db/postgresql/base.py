"""Django's PostgreSQL backend, with claims in the message that says BEGIN.

psycopg stays in autocommit; BEGIN is sent by hand together with every `set_config(…, true)`, so claims cost
no round trip, none can be left over from another transaction, and a query outside a transaction has none.
The same message asks for the database's time (`rhivo.clock`). A connection that died while nobody used it is
replaced before it is used; one that dies during COMMIT leaves a doubt, which is named.
"""

import contextlib
import select
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base
from django.db.utils import Error

from rhivo import claims, clock
from rhivo.db.doubt import CommitInDoubt

# By class of SQLSTATE: connection lost, operator intervention, a transaction that took too long, a fault of the server.
_LAST_WORDS = ("08", "57P", "25P03", "25P04", "XX")


class DatabaseWrapper(base.DatabaseWrapper):
    """A PostgreSQL connection whose transactions know who is acting."""

    def get_connection_params(self) -> dict[str, Any]:
        if not self.settings_dict.get("HOST"):
            raise ImproperlyConfigured(
                "No database: set DATABASE_URL, or start the demo in another terminal with `make demo`."
            )
        return super().get_connection_params()

    def close_if_unusable_or_obsolete(self) -> None:
        """Also drop, before a request or task uses it, a connection whose server has gone meanwhile.

        Nothing is opened here: this runs outside of what answers for a database that is away.
        """
        if self.connection is not None and not self.in_atomic_block and _is_dead(self.connection):
            self.close()
        super().close_if_unusable_or_obsolete()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection; after the server was away the pool may hand out dead ones first, which it then drops."""
        connection = super().get_new_connection(conn_params)
        while self.pool and _is_dead(connection):
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    def _set_autocommit(self, autocommit: bool) -> None:
        with self.wrap_database_errors:
            if not autocommit:
                begin = f"BEGIN; {claims.set_config_sql(claims.current())}; SELECT clock_timestamp()"
                answers = self.connection.execute(begin)
                while answers.nextset():
                    pass
                clock.set_by_database(answers.fetchone()[0])
            elif not self.connection.autocommit:
                self.connection.autocommit = True

    def _commit(self) -> None:
        """Commit. What ended before COMMIT was sent has not happened; what ends while it is under way is in doubt."""
        if self.connection is not None and _is_dead(self.connection):
            with self.wrap_database_errors:
                raise psycopg.OperationalError("the connection was lost before COMMIT")
        try:
            super()._commit()  # type: ignore[misc]  # of BaseDatabaseWrapper, unknown to the stubs
        except Error as error:
            if self.connection is None or self.connection.closed or _ends_the_connection(error.__cause__):
                raise CommitInDoubt(str(error)) from error.__cause__
            raise


def _ends_the_connection(cause: BaseException | None) -> bool:
    """Tell whether the server gave up the connection with its last word, which may come after the commit was durable.

    Other errors at COMMIT, such as of a deferred constraint, say for certain that nothing was committed.
    """
    return not isinstance(cause, psycopg.Error) or not cause.sqlstate or cause.sqlstate.startswith(_LAST_WORDS)


def _is_dead(connection: "psycopg.Connection[Any]") -> bool:
    """Tell whether a connection has ended, without a round trip as long as it has not.

    A server that is asked nothing says nothing, unless that it is going away.
    """
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if not poll.poll(0):
        return False
    with contextlib.suppress(psycopg.Error):
        connection.execute("SELECT 1")
    return connection.closed
