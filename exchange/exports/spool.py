"""A file that is written as fast as the database gives it, and read behind.

A reader on a poor line takes minutes for what the database says in a second. So that they hold neither a snapshot nor
a lock meanwhile, a thread fills a temporary file, and the answer follows it.
"""

import os
import tempfile
from threading import Condition, Thread

PIECE = 64 * 1024  # bytes
NAME = "spool"  # of the thread that writes


class Abandoned(Exception):
    """Nobody reads any more."""


class Spool:
    """What is written and not yet read, on the disk: memory holds a piece at each end."""

    def __init__(self):
        self.file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed by who reads it)
        self.waiting, self.size = bytearray(), 0
        self.done, self.abandoned, self.failure = False, False, None
        self.turn = Condition()

    def write(self, piece):
        """Take bytes; hand them on once there are enough."""
        if self.abandoned:
            raise Abandoned
        self.waiting += piece
        if len(self.waiting) >= PIECE:
            self.flush()
        return len(piece)

    def flush(self):
        """Let the reader have what is there."""
        self.file.write(self.waiting)
        with self.turn:
            self.size += len(self.waiting)
            self.turn.notify()
        self.waiting = bytearray()

    def fill(self, write):
        """Let `write` fill the file, and tell the reader how that ended."""
        try:
            write(self)
            self.flush()
        except Exception as failure:  # told to the reader's thread, which raises it
            self.failure = failure
        finally:
            with self.turn:
                self.done = True
                self.turn.notify()

    def _ready(self, sent):
        """How much there is once it is more than was sent, and whether that is all."""
        with self.turn:
            self.turn.wait_for(lambda: self.size > sent or self.done)
            return self.size, self.done

    def read(self):
        """The pieces in order, until everything is written. Raises what the writer met."""
        sent, done = 0, False
        while not done:
            ready, done = self._ready(sent)
            while sent < ready:
                piece = os.pread(self.file.fileno(), min(PIECE, ready - sent), sent)
                sent += len(piece)
                yield piece
        if self.failure:
            raise self.failure


def followed(write, stop):
    """The bytes that `write(file)` writes in a thread of its own, piece by piece.

    Where the reader leaves, `stop()` ends what the writer waits for.
    """
    spool = Spool()
    writer = Thread(target=spool.fill, args=(write,), daemon=True, name=NAME)
    writer.start()
    try:
        yield from spool.read()
    finally:
        spool.abandoned = True
        if not spool.done:
            stop()
        writer.join()
        spool.file.close()
