"""How fast the pages across crises are, beside what nothing could beat, in one run on one machine: `make bench`.

For each size of the archive a PostgreSQL database is filled, and two servers read it, each one process with one thread:
one that never gives a page again, and one that does. Every target is asked in turns, round after round, so that what
else the machine does falls on all of them alike. Printed are medians, the processor time of application and database
together, and ratios; milliseconds of different machines are not to be compared.
"""

import argparse
import base64
import gzip
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg2

from tests.bench.answers import Answers
from tests.bench.floors import FLOORS, LIVE
from tests.everything import ROOT, install_what_is_missing, postgresql

DURABLE = "-c shared_buffers=1GB -c work_mem=16MB -c max_wal_size=8GB -c max_connections=60"
PAGES = list(FLOORS)
LISTS = {
    "as it opens": "",
    "far down": "?older={middle}",
    "last numbered page": "?sort=title&page=20",
    "sorted by title": "?sort=title",
    "sorted by country": "?sort=country",
    "sorted by gaps": "?sort=-gaps",
    "sorted by start": "?sort=-started",
    "region": "?region=002",
    "country": "?country=SDN",
    "office": "?office=sample-sdn",
    "cause": "?cause=epidemic",
    "phase": "?phase=after",
    "level": "?level=3",
    "gap in a sector": "?needs=S03",
    "closed": "?status=closed",
    "review": "?review=changed",
    "logged lately": "?period=12w",
    "a frequent word": "?q=flood",
    "a rare word": "?q=sample+17%3A",
}
ANSWERS = {  # the same of the API
    "as it opens": "",
    "last page": "?cursor={last}",
    "sorted by title": "?sort=title",
    "sorted by gaps": "?sort=-gaps",
    "sorted by start": "?sort=-started",
    "region": "?region=002",
    "closed": "?status=closed",
}
PARTS = ["pages", "lists", "writes", "operations", "answers"]
TICKS = os.sysconf("SC_CLK_TCK")


class Archive:
    """One size: its database, its two servers, and what was measured of it."""

    def __init__(self, closed, url, readers, servers):
        self.closed, self.url, self.readers = closed, url, readers
        self.cold, self.warm = servers
        self.sql = psycopg2.connect(url)
        self.sql.autocommit = True
        with self.sql.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("SELECT revision FROM crises_crisis ORDER BY revision OFFSET %s LIMIT 1", [closed // 2])
            self.middle = cursor.fetchone()[0]
            cursor.execute("SELECT revision FROM crises_crisis ORDER BY revision OFFSET 50 LIMIT 1")
            self.last = base64.b64encode(f"p={cursor.fetchone()[0]}".encode()).decode()
        self.took, self.cpu = {}, {}

    def busy(self, server):
        """Processor seconds so far of this server and of the database's processes for this archive."""
        with self.sql.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            pids = [pid for (pid,) in cursor.fetchall()]
        return sum(map(_busy, [*server.pids(), *pids]))

    def page(self, name, server, path, times, by="session"):
        path, reader = path.format(middle=self.middle, last=self.last), {by: self.readers[by]}
        before = self.busy(server)
        for _ in range(times):
            began = time.perf_counter()
            server.get(path, **reader)
            self.took.setdefault(name, []).append(time.perf_counter() - began)
        self.cpu.setdefault(name, []).append((self.busy(server) - before) / times)

    def statements(self, name, statements, times=1):
        with self.sql.cursor() as cursor:
            for _ in range(times):
                began = time.perf_counter()
                for statement in statements:
                    cursor.execute(statement)
                    cursor.fetchall()
                self.took.setdefault(name, []).append(time.perf_counter() - began)

    def ms(self, name):
        return 1000 * statistics.median(self.took[name])

    def cpu_ms(self, name):
        return 1000 * statistics.median(self.cpu[name])


class Server:
    """A server of the site, and one connection to it that stays open."""

    def __init__(self, process, port):
        self.process, self.port = process, port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def pids(self):
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return [self.process.pid, *map(int, listed.stdout.split())]

    def get(self, path, *, session=None, token=None):
        known = {"Cookie": f"sessionid={session}; csrftoken={'c' * 32}"} if session else {}
        known |= {"Authorization": f"Token {token}"} if token else {}
        self.connection.request("GET", path, headers={**known, "Accept-Encoding": "gzip"})
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            words = gzip.decompress(body) if response.getheader("Content-Encoding") == "gzip" else body
            sys.exit(f"{path} answered {response.status}: {words[:300]}")
        return body


def _busy(pid):
    try:
        used = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0
    return (int(used[11]) + int(used[12])) / TICKS


def environment(url, **more):
    return os.environ | {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        "SECRET_KEY": "a key for the bench only",
        "HTTPS": "false",
        **more,
    }


@contextmanager
def serving(url, kept, processes=1, threads=1):
    """A fresh server of so many processes and threads, on a port that was free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "mcof.wsgi", "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    command += ["--worker-class", "gthread", "--threads", threads, "--workers", processes, "--keep-alive", "600"]
    process = subprocess.Popen([*map(str, command)], cwd=ROOT, env=environment(url, ANSWERS_KEPT_SECONDS=kept))
    try:
        for _ in range(300):
            with socket.socket() as knock:
                if not knock.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.1)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait()


def module(name, url, *arguments):
    """Run a module of the bench on a database. Answers what it prints as JSON on its last line."""
    command = [sys.executable, "-m", f"tests.bench.{name}", *map(str, arguments)]
    ran = subprocess.run(command, cwd=ROOT, env=environment(url), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(ran.stdout.splitlines()[-1])


def fill(url, closed, opened):
    """A database with this archive, made where it is not there. Answers its address, and the session and token
    of a reader who sees everything, and the token of a partner."""
    name = f"mcof_{closed}"
    with closing(psycopg2.connect(url)) as server:
        server.autocommit = True  # a database is not made inside a transaction
        cursor = server.cursor()
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {name}")
    address = re.sub(r"@/[a-z]+", f"@/{name}", url)
    began = time.monotonic()
    readers = module("prepare", address, closed, opened)
    print(f"{closed:,} closed and {opened:,} open crises: filled in {time.monotonic() - began:.0f} s", flush=True)
    return address, readers


def targets(parts):
    """What is asked of each size of the archive, in turns."""
    if "pages" in parts:
        for path in PAGES:
            yield lambda one, path=path: one.page(f"cold {path}", one.cold, path, 4)
            yield lambda one, path=path: one.page(f"warm {path}", one.warm, path, 40)
            yield lambda one, path=path: one.statements(f"sql {path}", FLOORS[path], 3)
        yield lambda one: one.page("static", one.warm, "/bench/static/", 40)
    if "lists" in parts:
        for name, query in LISTS.items():
            yield lambda one, name=name, query=query: one.page(name, one.cold, f"/crises/{query}", 3)
        for name, query in ANSWERS.items():
            path = f"/api/v1/crises/{query}"
            yield lambda one, name=name, path=path: one.page(f"API {name}", one.cold, path, 10, by="token")


def measure(archives, rounds, parts):
    for number in range(rounds + 1):
        for target in targets(parts):
            for one in archives:
                target(one)
        for one in archives:
            if not number:  # the first round warms up and is not counted, but once is enough of what takes so long
                one.took, one.cpu = {}, {}
            if "pages" in parts:
                one.statements("live", [LIVE])
        print(f"round {number} of {rounds}", flush=True)


def table(head, rows):
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def report_pages(archives, opened):
    smallest, sizes = archives[0], [f"{one.closed:,}" for one in archives]
    print(f"\n### Pages across crises, {opened:,} open ones, by how many closed ones are behind them\n")
    rows = []
    for path in PAGES:
        cold, warm, sql = f"cold {path}", f"warm {path}", f"sql {path}"
        rows += [
            [f"`{path}` cold, ms", *(f"{one.ms(cold):.1f}" for one in archives)],
            ["CPU of application and database, ms", *(f"{one.cpu_ms(cold):.0f}" for one in archives)],
            [f"beside {sizes[0]} closed ones", *(f"{one.ms(cold) / smallest.ms(cold):.2f}" for one in archives)],
            ["beside the bare SQL", *(f"{one.ms(cold) / one.ms(sql):.2f}" for one in archives)],
            ["live GROUP BY beside it", *(f"{one.ms('live') / one.ms(cold):.1f}" for one in archives)],
            [f"`{path}` given again, ms", *(f"{one.ms(warm):.2f}" for one in archives)],
            ["beside the static page", *(f"{one.ms(warm) / one.ms('static'):.2f}" for one in archives)],
        ]
    rows.append(["static page, ms", *(f"{one.ms('static'):.2f}" for one in archives)])
    rows.append(["live GROUP BY, ms", *(f"{one.ms('live'):.0f}" for one in archives)])
    print(table(["", *sizes], rows))


def report_lists(archives):
    smallest, sizes = archives[0], [f"{one.closed:,}" for one in archives]

    def rows(names):
        for words, name in names.items():
            yield [words, *(f"{one.ms(name):.1f} ({one.ms(name) / smallest.ms(name):.2f})" for one in archives)]

    print(f"\n### The list of crises: milliseconds, and the ratio to {sizes[0]} closed ones\n")
    print(table(["", *sizes], rows({name: name for name in LISTS})))
    print("\n### The same in the API\n")
    print(table(["", *sizes], rows({name: f"API {name}" for name in ANSWERS})))


def report_writes(archives, writes):
    print("\n### A change of status\n")
    print(
        table(
            ["", *(f"{one.closed:,}" for one in archives)],
            [
                ["UPDATE and INSERT by hand, ms", *(f"{1000 * one['bare']:.2f}" for one in writes)],
                ["the service, ms", *(f"{1000 * one['ours']:.2f}" for one in writes)],
                ["ratio", *(f"{one['ours'] / one['bare']:.1f}" for one in writes)],
                ["statements", *(one["statements"] for one in writes)],
            ],
        )
    )


def measure_answers(archive, rounds, seconds):
    """The API over one database, by fresh servers as `make run` has them."""
    with serving(archive.url, "3600", processes=2, threads=8) as server:
        answers = Answers(archive, server, {"bench": archive.readers["token"], "partner": archive.readers["partner"]})
        answers.round(1)  # warms up
        answers.found = {}
        for number in range(1, rounds + 1):
            answers.round(seconds)
            print(f"answers: round {number} of {rounds}", flush=True)
    with serving(archive.url, "0", processes=2, threads=8) as server:
        server.get("/api/v1/crises/", token=archive.readers["token"])
        file = module("bulk", archive.url, server.port, archive.readers["token"], rounds, *server.pids())
    return answers, file


def report_answers(archive, answers, file):
    print(f"\n### Answers of the API over {archive.closed:,} closed crises, for one connection and for 16 at once\n")
    each = ["a second", "median, ms", "CPU, ms"]
    print(table(["", *each, *(f"{name} (16)" for name in each)], answers.table()))
    print()
    print(table(["", "1 connection", "16 connections"], answers.ratios()))
    print(
        f"\n`/api/v1/export/crises.csv`, {file['size'] / 1e6:.0f} MB: {file['took']:.2f} s beside {file['bare']:.2f} s"
        f" of COPY ({file['took'] / file['bare']:.2f} times), first byte after {1000 * file['first']:.0f} ms,"
        f" {file['more']:.1f} MB more memory."
    )


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000", help="closed crises (default: %(default)s)")
    parser.add_argument("--open", type=int, default=2000, help="open crises (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default: %(default)s)")
    parser.add_argument(
        "--operations", type=int, default=10_000, help="changes by eight clients (default: %(default)s)"
    )
    parser.add_argument("--seconds", type=float, default=4, help="of each answer in a round (default: %(default)s)")
    parser.add_argument("--answers", default="100000", help="the size for the API (default: %(default)s)")
    parser.add_argument("--parts", default=",".join(PARTS), help="what to measure (default: %(default)s)")
    parser.add_argument(
        "--server", help="a PostgreSQL whose databases are kept and used again; otherwise one is started and removed"
    )
    asked = parser.parse_args()
    install_what_is_missing()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mcof-bench-")))
        folder.chmod(0o711)
        url = asked.server or stack.enter_context(postgresql(folder / "postgresql", DURABLE))
        filled = [fill(url, int(size), asked.open) for size in asked.sizes.split(",")]
        archives = {}
        for size, (address, readers) in zip(asked.sizes.split(","), filled, strict=True):
            servers = [stack.enter_context(serving(address, kept)) for kept in ("0", "3600")]
            archives[size] = Archive(int(size), address, readers, servers)
        every, parts = list(archives.values()), asked.parts.split(",")
        measure(every, asked.rounds, parts)
        if "pages" in parts:
            report_pages(every, asked.open)
        if "lists" in parts:
            report_lists(every)
        if "answers" in parts:
            archive = archives.get(asked.answers, every[-1])
            report_answers(archive, *measure_answers(archive, asked.rounds, asked.seconds))
        if "writes" in parts:
            report_writes(every, [module("writes", one.url, asked.rounds, 40) for one in every])
        if "operations" in parts:
            print(f"\n{module('operations', every[0].url, asked.operations)['said']}")
        for one in every:
            one.sql.close()


if __name__ == "__main__":
    main()
