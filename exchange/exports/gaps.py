"""Open gaps as a table: the list of gaps, each with why it is one (crises.gaps.explained)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crises import plan
from exchange.exports.cells import FACT, FRAMEWORK_SAYS, JOINS, OFFICE, WHICH, WHOSE_WORD
from exchange.exports.tables import Column, Kind, Table
from sectors import reference
from sectors.models import Edition

COMPUTED = "NULL"  # follows from the other columns, see below


def contents():
    """What every published edition says of each cell: {(framework, edition, sector, phase): SectorPriority}."""
    found = {}
    for pk, framework, number in Edition.objects.published().values_list("pk", "framework__slug", "number"):
        for row in reference.content(pk).in_order:
            found[framework, number, row.sector.code, row.phase.slug] = row
    return found


def _row(record, contents):
    return contents[record["framework"], record["edition"], record["sector"], record["phase"]]


def _said(record, contents):
    row = _row(record, contents)
    return row, {row.condition: {"yes": True, "no": False}.get(record["fact"])}, record["own_priority"] or ""


def because(record, contents, age):
    return plan.explain(*_said(record, contents), record["justification"] or "")


def closes(record, contents, age):
    return plan.what_closes(*_said(record, contents))


def days_open(record, contents, age):
    return age.days


def late(record, contents, age):
    return "yes" if age > timedelta(hours=settings.GAP_LATE_HOURS) else "no"


def age_of(hidden, now):
    """How long a gap is open, to the microsecond."""
    opened = hidden if isinstance(hidden, datetime) else datetime.fromisoformat(hidden)
    return now - (opened if opened.tzinfo else opened.replace(tzinfo=now.tzinfo))


GAPS = Table(
    name="gaps",
    meaning=_(
        "One row an open gap: a critical sector neither active nor completed, in an open phase of an open crisis."
    ),
    columns=(
        *WHICH,
        *FRAMEWORK_SAYS,
        Column("condition", Kind.CODE, "p.condition", _("The fact that the priority depends on."), "#meta+condition"),
        Column("fact", Kind.YES_NO, FACT, _("What is known of it; empty: nothing yet."), "#meta+fact", source=OFFICE),
        Column(
            "own_priority",
            Kind.CODE,
            "s.own_priority",
            _("The office's own priority, where it has one."),
            "#severity+own",
            source=OFFICE,
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
            "because", Kind.TEXT, COMPUTED, _("Why the sector is critical here, in a sentence."), "#description+because"
        ),
        Column("closes", Kind.TEXT, COMPUTED, _("What would close the gap."), "#description+closes"),
        Column("opened_at", Kind.MOMENT, "g.opened_at", _("Since when it is a gap, UTC."), "#date+start"),
        Column("opened_why", Kind.CODE, "g.opened_why", _("What opened it."), "#cause+code"),
        Column(
            "days_open", Kind.NUMBER, COMPUTED, _("How long it is open."), "#indicator+days+num", unit=_("whole days")
        ),
        Column(
            "late", Kind.YES_NO, COMPUTED, _("Whether that is longer than a critical sector may wait."), "#meta+late"
        ),
        Column(
            "waived",
            Kind.YES_NO,
            "coalesce(g.waived_until >= {today}, 1=0)",
            _("Whether a waiver covers it."),
            "#meta+waived",
            source=_("headquarters"),
        ),
        Column(
            "waived_until",
            Kind.DAY,
            "CASE WHEN g.waived_until >= {today} THEN g.waived_until END",
            _("The last day of that waiver."),
            "#date+waived",
            source=_("headquarters"),
        ),
        *WHOSE_WORD,
    ),
    rows=f"""crises_gap g
    JOIN crises_crisis c ON c.id = g.crisis_id
    JOIN sectors_sectorpriority p ON p.edition_id = c.edition_id AND p.sector_id = g.sector_id
        AND p.phase_id = g.phase_id{JOINS}
    WHERE g.closed_at IS NULL AND g.id IN (SELECT id FROM chosen) ORDER BY g.opened_at, g.id""",  # noqa: S608 (our own text)
    also=("g.opened_at",),
    computed={"because": because, "closes": closes, "days_open": days_open, "late": late},
)
