"""Several people or processes at once, each in a thread of its own with a connection of its own."""

import threading

from django.db import connection


class AtOnce:
    """Acts that are started together; `join` waits for them and fails where one of them did."""

    def __init__(self, *acts):
        self.failed = []
        self.threads = [threading.Thread(target=self._run, args=[act]) for act in acts]
        for thread in self.threads:
            thread.start()

    def _run(self, act):
        try:
            act()
        except Exception as error:
            self.failed.append(error)
        finally:
            connection.close()

    def join(self):
        for thread in self.threads:
            thread.join()
        assert self.failed == []
