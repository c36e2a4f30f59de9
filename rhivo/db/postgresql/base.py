"""Django's PostgreSQL backend, with the claims in the message that says BEGIN.

The claims cost no round trip, none is left over from another transaction, and a query outside a transaction has none.
The same message asks for the database's time (`rhivo.clock`). A connection that died while nobody used it is replaced
before it is used. One that dies during COMMIT raises CommitInDoubt. What the claims mean is not known here.
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
        # Without a URL Django would try a local socket and end in an error that names no cure.
        if not self.settings_dict.get("HOST"):
            raise ImproperlyConfigured(
                "No database: set DATABASE_URL, or start the demo in another terminal with `make demo`."
            )
        return super().get_connection_params()

    def close_if_unusable_or_obsolete(self) -> None:
        """Also drop a connection whose server has gone, before a request or task uses it."""
        # Nothing is opened here. Django calls this before any middleware, and an error would be a bare 500.
        if self.connection is not None and not self.in_atomic_block and _is_dead(self.connection):
            self.close()
        super().close_if_unusable_or_obsolete()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection that lives."""
        # After the server was away the pool may hand out dead connections first. It drops each that is put back.
        connection = super().get_new_connection(conn_params)
        while self.pool and _is_dead(connection):
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection

    def _set_autocommit(self, autocommit: bool) -> None:
        with self.wrap_database_errors:
            if not autocommit:
                # psycopg stays in autocommit, or it would send a BEGIN of its own, in a message of its own.
                # set_config(…, true) lasts until the transaction ends, and outside of one does nothing: BEGIN is first.
                begin = f"BEGIN; {claims.set_config_sql(claims.current())}; SELECT clock_timestamp()"
                answers = self.connection.execute(begin)
                # One result a statement; the clock's is the last.
                while answers.nextset():
                    pass
                clock.set_by_database(answers.fetchone()[0])
            elif not self.connection.autocommit:
                self.connection.autocommit = True

    def _commit(self) -> None:
        """Commit; raises CommitInDoubt if the connection is lost while COMMIT is under way."""
        # Looked at first, since a transaction whose COMMIT was never sent has surely not happened: no doubt to report.
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
    """Tell whether the server ended the connection with this error, perhaps after the commit was durable."""
    # Any other error at COMMIT, such as that of a deferred constraint, proves that nothing was committed.
    return not isinstance(cause, psycopg.Error) or not cause.sqlstate or cause.sqlstate.startswith(_LAST_WORDS)


def _is_dead(connection: "psycopg.Connection[Any]") -> bool:
    """Tell whether a connection has ended, without a round trip as long as it has not."""
    if connection.closed:
        return True
    # An idle server sends only notices, or the message that it ends the connection. poll() and not select(), which
    # fails for file descriptors above 1023.
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if not poll.poll(0):
        return False
    # Bytes may be a notice: a query shows whether the connection has ended, and closes it then.
    with contextlib.suppress(psycopg.Error):
        connection.execute("SELECT 1")
    return connection.closed
