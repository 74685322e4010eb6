"""The cells of plans as a table: every sector in every phase, with who does what, where and when (4W).

The same subtraction as crises.plan, said in SQL so that a file of millions of cells streams; a test holds the two
together, cell by cell.
"""

from django.utils.translation import gettext_lazy as _

from exchange.exports.crises import place
from exchange.exports.tables import Column, Kind, Table
from sectors.models import Fact, Priority

DEFAULT = "CASE {} ELSE p.priority END".format(
    " ".join(f"WHEN p.condition = '{fact}' AND NOT c.{fact} THEN p.otherwise" for fact in Fact.values)
)
FACT = "CASE p.condition {} END".format(" ".join(f"WHEN '{fact}' THEN c.{fact}" for fact in Fact.values))
PRIORITY = f"coalesce(NULLIF(s.own_priority, ''), {DEFAULT})"
STATUS = "coalesce(s.status, 'not_started')"
NEEDED = f"(c.status = 'open' AND w.id IS NOT NULL AND {PRIORITY} = '{Priority.CRITICAL}')"
GAP = f"({NEEDED} AND {STATUS} NOT IN ('active', 'completed'))"

OFFICE, FRAMEWORK = _("the office"), _("the edition of the framework")
DERIVED = _("computed; the priorities are derived")

# The crisis, the sector and the phase of a row, its priority by the edition, and what the office says of it.
WHICH = (
    Column("reference", Kind.CODE, "c.reference", _("The crisis."), "#crisis+code"),
    Column("title", Kind.TEXT, "c.title", _("Its short name."), "#crisis+name", source=OFFICE),
    Column("exercise", Kind.YES_NO, "c.exercise", _("Made up for training: not a real crisis."), "#meta+exercise"),
    Column("office", Kind.CODE, "o.slug", _("Who: the office, by its slug."), "#org+code"),
    Column("office_name", Kind.TEXT, "o.name", _("Its name."), "#org+name"),
    *place("k"),
    Column("sector", Kind.CODE, "t.code", _("What: the sector of the framework."), "#sector+code+v_mcof"),
    Column("sector_name", Kind.TEXT, "t.name", _("Its name."), "#sector+name"),
    Column("phase", Kind.CODE, "h.slug", _("The phase."), "#status+phase"),
)
FRAMEWORK_SAYS = (
    Column("stated", Kind.CODE, "p.priority", _("The priority of the edition."), "#severity+stated", source=FRAMEWORK),
    Column(
        "default",
        Kind.CODE,
        DEFAULT,
        _("The same, given the facts of the crisis."),
        "#severity+default",
        source=DERIVED,
    ),
)
WHOSE_WORD = (
    Column(
        "paragraph", Kind.TEXT, "p.paragraph", _("Where the framework says so."), "#meta+paragraph", source=FRAMEWORK
    ),
    Column(
        "provenance",
        Kind.CODE,
        "p.provenance",
        _("Whose word the priority is: derived is read out of the framework's text by us."),
        "#meta+provenance",
        source=FRAMEWORK,
    ),
    Column("framework", Kind.CODE, "f.slug", _("The framework that the plan follows."), "#meta+framework"),
    Column("edition", Kind.NUMBER, "e.number", _("The edition of it."), "#meta+edition"),
)
JOINS = """
    JOIN sectors_sector t ON t.id = p.sector_id
    JOIN sectors_phase h ON h.id = p.phase_id
    JOIN sectors_edition e ON e.id = c.edition_id
    JOIN sectors_framework f ON f.id = e.framework_id
    JOIN offices_country k ON k.iso3 = c.main_country_id
    JOIN offices_office o ON o.id = c.office_id
    LEFT JOIN crises_plancell s ON s.crisis_id = c.id AND s.sector_id = p.sector_id AND s.phase_id = p.phase_id"""

CELLS = Table(
    name="cells",
    meaning=_(
        "One row a sector in a phase of a crisis that you may see: priority, status, gap; who, what, where, when."
    ),
    columns=(
        *WHICH[:5],
        Column(
            "lead",
            Kind.TEXT,
            "CASE WHEN {inside} THEN s.lead END",
            _("Who leads the sector; empty for readers outside the organisation."),
            "#contact+lead",
            source=OFFICE,
        ),
        *WHICH[5:],
        Column(
            "clusters",
            Kind.CODES,
            "l.codes",
            _("The clusters and groups it works with first: OCHA's codes where there are."),
            "#sector+cluster+code+list",
            source=FRAMEWORK,
        ),
        Column("status", Kind.CODE, STATUS, _("What the office does."), "#status+activity", source=OFFICE),
        Column("started", Kind.DAY, "s.activated_on", _("When: active since."), "#date+start", source=OFFICE),
        Column(
            "ended",
            Kind.DAY,
            "CASE WHEN s.status IN ('completed', 'stood_down') THEN s.since END",
            _("When: completed or stood down on."),
            "#date+end",
            source=OFFICE,
        ),
        Column("since", Kind.DAY, "s.since", _("In its status since."), "#date+status", source=OFFICE),
        *FRAMEWORK_SAYS,
        Column(
            "priority",
            Kind.CODE,
            PRIORITY,
            _("The office's own priority, else the default."),
            "#severity+priority",
            source=DERIVED,
        ),
        Column(
            "justification",
            Kind.TEXT,
            "s.justification",
            _("Why the office departs from the default."),
            "#description+justification",
            source=OFFICE,
        ),
        Column(
            "confirmed",
            Kind.YES_NO,
            f"coalesce(s.confirmed <> '' AND s.confirmed = {DEFAULT}, 1=0)",
            _("Whether the office has looked at the default and keeps it."),
            "#meta+confirmed",
            source=OFFICE,
        ),
        Column(
            "needed",
            Kind.YES_NO,
            NEEDED,
            _("Critical, in an open phase of an open crisis."),
            "#meta+needed",
            source=DERIVED,
        ),
        Column("gap", Kind.YES_NO, GAP, _("Needed, and neither active nor completed."), "#meta+gap", source=DERIVED),
        Column(
            "gap_opened_at",
            Kind.MOMENT,
            f"CASE WHEN {GAP} THEN g.opened_at END",
            _("Since when it is a gap, UTC."),
            "#date+gap",
        ),
        Column(
            "waived",
            Kind.YES_NO,
            f"({GAP} AND coalesce(g.waived_until >= {{today}}, 1=0))",
            _("Whether a waiver covers the gap."),
            "#meta+waived",
            source=_("headquarters"),
        ),
        Column(
            "waived_until",
            Kind.DAY,
            f"CASE WHEN {GAP} AND g.waived_until >= {{today}} THEN g.waived_until END",
            _("The last day of that waiver."),
            "#date+waived",
            source=_("headquarters"),
        ),
        *WHOSE_WORD,
        Column(
            "revision",
            Kind.NUMBER,
            "coalesce(s.revision, 0)",
            _("The number of its last change; 0: the office has said nothing."),
            "#meta+revision",
        ),
    ),
    tables=(
        (
            "main",
            """SELECT one.edition_id, one.sector_id, {join}(one.code, ' ') AS codes FROM (
            SELECT x.edition_id, x.sector_id, coalesce(NULLIF(y.code, ''), y.slug) AS code FROM sectors_clusterlink x
            JOIN sectors_cluster y ON y.id = x.cluster_id WHERE x.strength = 'main'
            ORDER BY x.edition_id, x.sector_id, y.kind, y.number) one GROUP BY one.edition_id, one.sector_id""",
        ),
    ),
    rows=f"""crises_crisis c
    JOIN sectors_sectorpriority p ON p.edition_id = c.edition_id{JOINS}
    LEFT JOIN crises_phaseperiod w ON w.crisis_id = c.id AND w.phase_id = p.phase_id AND w.left_on IS NULL
    LEFT JOIN crises_gap g ON g.crisis_id = c.id AND g.sector_id = p.sector_id AND g.phase_id = p.phase_id
        AND g.closed_at IS NULL
    LEFT JOIN main l ON l.edition_id = c.edition_id AND l.sector_id = p.sector_id
    WHERE c.id IN (SELECT id FROM chosen){{narrower}} ORDER BY c.revision DESC, t.number, h.number""",  # noqa: S608 (our own text)
)
