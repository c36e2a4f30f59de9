"""The decorator of every operation: atomic, with database errors translated and deadlocks retried."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, transaction

from rhivo.db.constraints import RETRYABLE, domain_error
from rhivo.db.history import no_more_reason

P = ParamSpec("P")
R = TypeVar("R")
ATTEMPTS = 3


def operation(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function atomically; retry deadlocks and serialization failures; raise domain errors.

    At most three attempts. Inside a request each is a savepoint.
    """

    @wraps(function)
    def atomic_operation(*args: P.args, **kwargs: P.kwargs) -> R:
        attempt = 1
        while True:
            try:
                # One atomic block an attempt: rolling back to its savepoint gives back the locks taken since, and the
                # other side of a deadlock goes on while this side tries again.
                with transaction.atomic():
                    result = function(*args, **kwargs)
                    # Not in a finally: after an error the transaction is aborted, and the rollback forgets the reason.
                    no_more_reason()
                    return result
            except DatabaseError as error:
                if attempt < ATTEMPTS and isinstance(error.__cause__, RETRYABLE):
                    attempt += 1
                    continue
                known = domain_error(error)
                if known is None:
                    raise
                raise known from error

    return atomic_operation
