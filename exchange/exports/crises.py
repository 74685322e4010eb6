"""Crises as a table: what the API says of each in one row (crises.serializers.CrisisSerializer)."""

from django.utils.translation import gettext_lazy as _

from exchange.exports.tables import Column, Kind, Table, partial

OFFICE = _("the office")
FAMILY = "(SELECT m.id FROM crises_crisis m WHERE m.merged_into_id = c.id UNION ALL SELECT c.id)"


def fact(name, kind, meaning, hxl, sql="", **more):
    """A column that the office states."""
    return Column(name, kind, sql or f"c.{name}", meaning, hxl, source=OFFICE, **more)


def place(sql):
    """Where a crisis is, by codes that other systems know. A country's ISO codes are its P-codes of level 0."""
    return (
        Column("country", Kind.CODE, f"{sql}.iso3", _("The country most affected, ISO3."), "#country+code+v_iso3"),
        Column("country_iso2", Kind.CODE, f"{sql}.iso2", _("The same, ISO2."), "#country+code+v_iso2"),
        Column("country_name", Kind.TEXT, f"{sql}.name", _("Its name in the M49 list."), "#country+name"),
    )


NEWEST_ACTIVATION = f"""(SELECT CASE WHEN d.ended_on IS NULL THEN d.value END FROM crises_leveldecision d
    WHERE d.scheme = 'inter_agency' AND d.crisis_id IN {FAMILY} ORDER BY d.decided_on DESC, d.id DESC LIMIT 1)"""  # noqa: S608
PHASES = """(SELECT {join}(one.slug, ' ') FROM (SELECT p.slug FROM crises_phaseperiod pp
    JOIN sectors_phase p ON p.id = pp.phase_id WHERE pp.crisis_id = c.id AND pp.left_on IS NULL
    ORDER BY p.number) one)"""
COUNTRIES = """(SELECT {join}(one.country_id, ' ') FROM (SELECT x.country_id FROM crises_crisis_other_countries x
    WHERE x.crisis_id = c.id ORDER BY x.country_id) one)"""
PART_OF = "(SELECT w.reference FROM crises_crisis w WHERE w.id = c.part_of_id AND w.id IN (SELECT id FROM visible))"
OPEN_GAPS = "SELECT count(*) FROM crises_gap g WHERE g.crisis_id = c.id AND g.closed_at IS NULL"
# The kept state of the review says of most crises what else is asked of their approvals, one by one.
APPROVED = """(SELECT r.{} FROM crises_review r WHERE r.crisis_id = c.id AND r.kind = 'approved'
    ORDER BY r.revision DESC LIMIT 1)"""

CRISES = Table(
    name="crises",
    meaning=_("One row a crisis that you may see: its facts as its office states them, and how its response stands."),
    columns=(
        Column(
            "reference", Kind.CODE, "c.reference", _("Names the crisis for good, such as LBY-2014-K7Q."), "#crisis+code"
        ),
        fact("title", Kind.TEXT, _("Short name."), "#crisis+name"),
        Column("status", Kind.CODE, "c.status", _("open or closed; merged where you ask for it."), "#status"),
        Column("exercise", Kind.YES_NO, "c.exercise", _("Made up for training: not a real crisis."), "#meta+exercise"),
        Column("sharing", Kind.CODE, "c.sharing", _("Who may see it."), "#meta+sharing"),
        *place("k"),
        Column("region", Kind.CODE, "a.code", _("The region of that country, M49."), "#region+code+v_m49"),
        fact(
            "other_countries",
            Kind.CODES,
            _("Other affected countries, ISO3."),
            "#country+other+code+list",
            sql=COUNTRIES,
        ),
        Column("office", Kind.CODE, "o.slug", _("The office that keeps it, by its slug."), "#org+code"),
        Column("office_name", Kind.TEXT, "o.name", _("Its name."), "#org+name"),
        Column("part_of", Kind.CODE, PART_OF, _("The wider crisis, where you may see it."), "#crisis+code+parent"),
        fact("cause", Kind.CODE, _("Main cause."), "#cause+code"),
        fact("cause_detail", Kind.TEXT, _("What happened."), "#cause+description"),
        fact("onset", Kind.CODE, _("How it began."), "#event+onset"),
        fact("started", Kind.DATE, _("Start."), "#date+start", sql=partial("c.started_on", "c.start_precision")),
        fact("ended", Kind.DATE, _("End."), "#date+end", sql=partial("c.ended_on", "c.end_precision")),
        fact("crosses_border", Kind.YES_NO, _("Whether people cross a border; empty: not known yet."), "#meta+border"),
        fact("foreign_nationals", Kind.YES_NO, _("Whether foreign nationals are affected."), "#meta+foreign"),
        fact("state_request", Kind.YES_NO, _("Whether the State has asked for support."), "#meta+request"),
        fact(
            "groups",
            Kind.CODES,
            _("Who is affected."),
            "#group+code+list",
            sql="(SELECT {join}(one.value, ' ') FROM {groups})",
        ),
        fact("glide", Kind.CODES, _("GLIDE numbers."), "#event+code+v_glide", sql="NULLIF(c.glide, '')"),
        fact("places", Kind.TEXT, _("Districts or towns, one to a line, as the office names them."), "#loc+name"),
        Column("phases", Kind.CODES, PHASES, _("The phases it is in."), "#status+phase+list", source=OFFICE),
        Column(
            "level",
            Kind.CODE,
            "c.kept_level",
            _("The IOM emergency level in force."),
            "#severity+level",
            source=_("IOM, recorded by headquarters"),
        ),
        Column(
            "inter_agency",
            Kind.CODE,
            NEWEST_ACTIVATION,
            _("The inter-agency activation in force."),
            "#severity+activation",
            source=_("recorded by headquarters"),
        ),
        fact(
            "level_proposed",
            Kind.NUMBER,
            _("The level that the office proposes, which decides nothing."),
            "#severity+proposed",
        ),
        Column(
            "gaps",
            Kind.NUMBER,
            f"CASE WHEN c.status = 'open' THEN ({OPEN_GAPS} AND (g.waived_until IS NULL OR g.waived_until < {{today}}))"
            " ELSE 0 END",
            _("Critical sectors that are neither active, completed nor waived."),
            "#indicator+gaps+num",
            unit=_("sectors"),
            source=_("computed; the priorities are derived"),
        ),
        Column(
            "waived",
            Kind.NUMBER,
            f"CASE WHEN c.status = 'open' THEN ({OPEN_GAPS} AND g.waived_until >= {{today}}) ELSE 0 END",
            _("Gaps that a waiver covers, not among the gaps."),
            "#indicator+waived+num",
            unit=_("sectors"),
            source=_("computed; the priorities are derived"),
        ),
        fact("summary", Kind.TEXT, _("What the office says in short."), "#description"),
        Column("review", Kind.CODE, "c.kept_review", _("Where its review stands."), "#status+review"),
        Column(
            "approved_at",
            Kind.MOMENT,
            f"CASE WHEN c.kept_review <> 'not_reviewed' THEN {APPROVED.format('at')} END",
            _("When it was last approved, UTC."),
            "#date+approved",
        ),
        Column(
            "changed_since_approval",
            Kind.YES_NO,
            f"CASE c.kept_review WHEN 'not_reviewed' THEN 1=0 WHEN 'approved' THEN 1=0 WHEN 'changed' THEN 1=1"
            f" ELSE coalesce({APPROVED.format('content_revision')} <> c.content_revision, 1=0) END",
            _("Whether it is not as it was approved."),
            "#meta+changed",
        ),
        Column("framework", Kind.CODE, "f.slug", _("The framework that its plan follows."), "#meta+framework"),
        Column("edition", Kind.NUMBER, "e.number", _("The edition of it."), "#meta+edition"),
        Column("logged_at", Kind.MOMENT, "c.logged_at", _("When it was logged, UTC."), "#date+reported"),
        Column("updated_at", Kind.MOMENT, "c.updated_at", _("When it was last changed, UTC."), "#date+updated"),
        Column(
            "revision",
            Kind.NUMBER,
            "c.revision",
            _("The number of its last change, over all crises."),
            "#meta+revision",
        ),
        Column(
            "facts_revision",
            Kind.NUMBER,
            "c.facts_revision",
            _("The number of the last change of its facts: an import goes by it."),
            "#meta+facts_revision",
        ),
    ),
    rows="""crises_crisis c
    JOIN offices_country k ON k.iso3 = c.main_country_id
    LEFT JOIN offices_region a ON a.id = k.region_id
    JOIN offices_office o ON o.id = c.office_id
    JOIN sectors_edition e ON e.id = c.edition_id
    JOIN sectors_framework f ON f.id = e.framework_id
    WHERE c.id IN (SELECT id FROM chosen) ORDER BY c.revision DESC""",
    scopes=("chosen", "visible"),
)
