"""What the API's answers cost beside a static one, a well-tuned viewset of the framework's own parts, and the bare SQL.

All of one database and asked in turns. An answer is read anew where each request asks for another page of the list, or
for another crisis; *given again* where nothing has changed. The servers are as `make run` starts them: two processes of
eight threads. The client is written in Python and runs on the same machine: of its requests per second believe the
ratios, and of the processor's milliseconds, which are the server's and the database's alone, the figures too.
"""

import base64
import json
import statistics
import subprocess
import sys
import time
from urllib.parse import urlencode

from tests.everything import ROOT

CONNECTIONS = (1, 16)
EXPAND = "expand=office,country"
LIST = (
    "SELECT c.id, c.reference, c.title, c.status, c.exercise, c.sharing, c.cause, c.onset, c.started_on,"
    " c.start_precision, c.kept_level, c.kept_review, c.content_revision, c.revision, c.updated_at, r.code, s.gaps,"
    " s.activation, k.iso3, k.iso2, k.m49, k.name, o.slug, o.name, o.kind, o.country_id FROM crises_crisis c"
    " JOIN offices_country k ON k.iso3 = c.main_country_id LEFT JOIN offices_region r ON r.id = k.region_id"
    " JOIN offices_office o ON o.id = c.office_id"
    " LEFT JOIN crises_standing s ON s.crisis_id = c.id AND s.until IS NULL"
    " WHERE c.revision < {revision} ORDER BY c.revision DESC LIMIT 51"
)
OF_LIST = (
    "SELECT p.crisis_id, f.slug FROM crises_phaseperiod p JOIN sectors_phase f ON f.id = p.phase_id"
    " WHERE p.left_on IS NULL AND p.crisis_id IN ({keys}) ORDER BY f.number",
    "SELECT crisis_id, country_id FROM crises_crisis_other_countries WHERE crisis_id IN ({keys}) ORDER BY country_id",
    "SELECT crisis_id, at, content_revision FROM crises_review WHERE kind = 'approved' AND crisis_id IN ({keys})"
    " ORDER BY revision",
)
PLAN = (
    "SELECT id, reference, revision, status, edition_id, crosses_border, foreign_nationals, state_request"
    " FROM crises_crisis WHERE reference = '{reference}'",
    "SELECT phase_id FROM crises_phaseperiod WHERE crisis_id = {key} AND left_on IS NULL",
    "SELECT sector_id, phase_id, status, since, lead, own_priority, justification, confirmed, revision"
    " FROM crises_plancell WHERE crisis_id = {key}",
    "SELECT g.sector_id, g.phase_id, g.opened_at, g.opened_why, g.waived_until FROM crises_gap g"
    " WHERE g.crisis_id = {key} AND g.closed_at IS NULL",
)


class Answers:
    """The targets of one database, and what was measured of each: {(target, connections): [one of each round]}."""

    def __init__(self, archive, server, tokens):
        self.archive, self.server, self.tokens = archive, server, tokens
        with archive.sql.cursor() as cursor:
            cursor.execute("SELECT id, reference, revision FROM crises_crisis ORDER BY md5(reference)")
            self.crises = cursor.fetchall()
        self.at, self.found = 0, {}

    def some(self, n):
        """So many crises that were not asked for yet, or not for long."""
        self.at = 0 if self.at + n > len(self.crises) else self.at
        self.at += n
        return self.crises[self.at - n : self.at]

    def targets(self):
        """{name: (who asks, addresses that are each asked once, or the one that is asked again and again)}."""

        def pages(root):
            cursors = (base64.b64encode(urlencode({"p": one[2]}).encode()).decode() for one in self.some(3000))
            return [f"{root}?{urlencode({'cursor': cursor})}&{EXPAND}" for cursor in cursors]

        def plans(root):
            return [root.format(reference=reference) for _key, reference, _revision in self.some(3000)]

        same = f"/api/v1/crises/?{EXPAND}"
        one = f"/api/v1/crises/{self.crises[0][1]}/plan/"
        return {
            "static answer": ("bench", lambda: ["/api/v1/bench/static/"]),
            "list: tuned viewset": ("bench", lambda: pages("/api/v1/bench/crises/")),
            "list": ("bench", lambda: pages("/api/v1/crises/")),
            "list, a partner: tuned viewset": ("partner", lambda: pages("/api/v1/bench/crises/")),
            "list, a partner": ("partner", lambda: pages("/api/v1/crises/")),
            "list, given again": ("bench", lambda: [same]),
            "plan: tuned viewset": ("bench", lambda: plans("/api/v1/bench/plans/{reference}/")),
            "plan": ("bench", lambda: plans("/api/v1/crises/{reference}/plan/")),
            "plan, given again": ("bench", lambda: [one]),
            "crisis: tuned viewset": ("bench", lambda: plans("/api/v1/bench/crises/{reference}/")),
            "crisis": ("bench", lambda: plans("/api/v1/crises/{reference}/")),
        }

    def round(self, seconds):
        for name, (who, paths) in self.targets().items():
            for connections in CONNECTIONS:
                self._ask(name, connections, seconds, self.tokens[who], paths())
        self._bare("list: bare SQL", self._bare_list)
        self._bare("plan: bare SQL", self._bare_plan)

    def _ask(self, name, connections, seconds, token, paths):
        headers = {"Authorization": f"Token {token}", "Accept-Encoding": "gzip"}
        asked = {"port": self.server.port, "paths": paths, "headers": headers, "connections": connections}
        before = self.archive.busy(self.server)
        ran = subprocess.run(
            [sys.executable, "-m", "tests.bench.client"],
            input=json.dumps(asked | {"seconds": seconds, "expected": 200}),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        said = json.loads(ran.stdout)
        said["cpu"] = (self.archive.busy(self.server) - before) / said["n"]
        self.found.setdefault((name, connections), []).append(said)

    def _bare(self, name, statements, times=200):
        before, began = self.archive.busy(self.server), time.perf_counter()
        with self.archive.sql.cursor() as cursor:
            for one in self.some(times):
                statements(cursor, *one)
        took = (time.perf_counter() - began) / times
        cpu = (self.archive.busy(self.server) - before) / times
        self.found.setdefault((name, 1), []).append({"per_second": 1 / took, "median": took, "cpu": cpu})

    @staticmethod
    def _bare_list(cursor, _key, _reference, revision):
        cursor.execute(LIST.format(revision=revision))
        keys = ", ".join(str(row[0]) for row in cursor.fetchall()) or "0"
        for statement in OF_LIST:
            cursor.execute(statement.format(keys=keys))
            cursor.fetchall()

    @staticmethod
    def _bare_plan(cursor, key, reference, _revision):
        for statement in PLAN:
            cursor.execute(statement.format(key=key, reference=reference))
            cursor.fetchall()

    def median(self, name, connections, what):
        return statistics.median(one[what] for one in self.found[name, connections])

    def table(self):
        """Rows: what, then for each number of connections a second, milliseconds, processor's milliseconds."""
        rows = []
        for name in dict.fromkeys(name for name, _connections in self.found):
            row = [name]
            for connections in CONNECTIONS:
                if (name, connections) in self.found:
                    row.append(f"{self.median(name, connections, 'per_second'):.0f}")
                    row.append(f"{1000 * self.median(name, connections, 'median'):.1f}")
                    row.append(f"{1000 * self.median(name, connections, 'cpu'):.2f}")
                else:
                    row += [""] * 3
            rows.append(row)
        return rows

    def ratios(self):
        """Rows: what is compared, and the ratio at each number of connections."""

        def compared(words, one, other, what):
            both = [(self.median(one, n, what), self.median(other, n, what)) for n in CONNECTIONS]
            return [words, *(f"{mine / theirs:.2f}" for mine, theirs in both)]

        tuned = ("list", "list, a partner", "plan", "crisis")
        return [
            *(
                compared(f"{name}: CPU beside the tuned viewset's", name, f"{name}: tuned viewset", "cpu")
                for name in tuned
            ),
            *(
                compared(f"{name}: requests a second beside the static answer's", name, "static answer", "per_second")
                for name in ("list, given again", "plan, given again")
            ),
        ]
