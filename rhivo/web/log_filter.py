"""What is written into logs: no address that is a key."""

import logging
import re

KEYS = re.compile(r"/(manage|invitation|hold|reservations)/[^/\s\"']+")


class WithoutKeys(logging.Filter):
    """Take out of a message the part of an address by which a booking, a hold or an account could be had."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        record.msg, record.args = KEYS.sub(r"/\1/…", said), None
        return True
