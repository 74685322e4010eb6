"""When the database does not answer: the reader is to come again, and nothing is wrong with the question."""

import sqlite3

from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import APIException

# What SQLite says where the file, the disk or another writer is in the way. All else it says is a fault of ours.
IN_THE_WAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}


class Away(APIException):
    status_code, wait = 503, 5  # seconds


def is_away(exc):
    """Whether this was raised because the database is away, is starting, or held up longer than a reader waits."""
    if not isinstance(exc, OperationalError | InterfaceError):
        return False
    code = getattr(exc.__cause__, "sqlite_errorcode", None)
    return code is None or code & 0xFF in IN_THE_WAY
