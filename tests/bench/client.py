"""Asks addresses over so many connections at once, and says how fast the answers came: `python -m tests.bench.client`.

A process of its own, so that what it costs is not counted as the server's. On standard input it is told in JSON where,
what, with which headers, over how many connections and for how many seconds. Each address is asked once, in turns by
all connections, unless it is the only one.
"""

import json
import socket
import statistics
import sys
import threading
import time
from itertools import count, repeat


class Connection:
    """One that stays open."""

    def __init__(self, port, headers):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def get(self, path):
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self.headers}\r\n".encode())
        status, length = int(self.file.readline().split()[1]), 0
        while (line := self.file.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, self.file.read(length)


def main(port, paths, headers, connections, seconds, expected):
    turns = count() if len(paths) > 1 else repeat(0)
    ends, took, failed = time.monotonic() + seconds, [], []

    def work():
        connection = Connection(port, headers)
        while time.monotonic() < ends and not failed:
            turn = next(turns)
            if turn >= len(paths):
                return
            began = time.perf_counter()
            status, body = connection.get(paths[turn])
            took.append(time.perf_counter() - began)
            if status != expected:
                failed.append(f"{paths[turn]} answered {status}: {body[:300]}")

    began = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        sys.exit(failed[0])
    lasted = time.monotonic() - began
    print(json.dumps({"n": len(took), "per_second": len(took) / lasted, "median": statistics.median(took)}))


if __name__ == "__main__":
    main(**json.load(sys.stdin))
