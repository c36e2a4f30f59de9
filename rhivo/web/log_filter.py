"""Addresses in logs, without the part that is a key: who reads a log may not cancel a booking with it."""

import logging
import re

KEYS = re.compile(r"/(manage|invitation|hold|reservations)/[^/\s\"']+")


class WithoutKeys(logging.Filter):
    """Replace the key in each address of a message by an ellipsis."""

    def filter(self, record: logging.LogRecord) -> bool:
        # The finished message, since a key may come in an argument. The arguments go, or they would be filled in twice.
        said = record.getMessage()
        record.msg, record.args = KEYS.sub(r"/\1/…", said), None
        return True
