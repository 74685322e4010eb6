"""Figures as a table: sourced statements of how many, one a row, never added up.

What readers outside the organisation are not told is left out here in SQL: small counts (crises.disclosure). Protected
figures leave in no file but to the office that keeps them.
"""

from django.utils.translation import gettext_lazy as _

from crises.disclosure import PROTECTED
from crises.models.statements import SMALL
from exchange.exports.crises import OFFICE, place
from exchange.exports.tables import Column, Kind, Table, partial

SMALL_HERE = f"(NOT ({{inside}}) AND n.value BETWEEN 1 AND {SMALL - 1})"
SOURCE = _("the source named in the row")
SECTORS = """(SELECT {join}(one.code, ' ') FROM (SELECT t.code FROM crises_figure_sectors x
    JOIN sectors_sector t ON t.id = x.sector_id WHERE x.figure_id = n.id ORDER BY t.number) one)"""
OF_PROTECTED = """EXISTS (SELECT 1 FROM crises_figure_sectors x JOIN sectors_sector t ON t.id = x.sector_id
    WHERE x.figure_id = n.id AND t.slug IN ({}))""".format(", ".join(f"'{slug}'" for slug in sorted(PROTECTED)))  # noqa: S608

FIGURES = Table(
    name="figures",
    meaning=_(
        "One row a figure of a crisis that you may see, as its source states it. Never add figures to one another."
    ),
    columns=(
        Column("reference", Kind.CODE, "c.reference", _("The crisis."), "#crisis+code"),
        Column("title", Kind.TEXT, "c.title", _("Its short name."), "#crisis+name", source=OFFICE),
        Column("exercise", Kind.YES_NO, "c.exercise", _("Made up for training: not a real crisis."), "#meta+exercise"),
        *place("k"),
        Column("metric", Kind.CODE, "n.metric", _("What is counted."), "#indicator+code", source=SOURCE),
        Column("group", Kind.CODE, 'n."group"', _("Of whom."), "#group+code", source=SOURCE),
        Column(
            "value",
            Kind.NUMBER,
            f"CASE WHEN {SMALL_HERE} THEN NULL ELSE n.value END",
            _("How many; empty: not known, or withheld."),
            "#indicator+value+num",
            unit=_("as the column unit says"),
            source=SOURCE,
        ),
        Column(
            "suppressed",
            Kind.YES_NO,
            f"coalesce({SMALL_HERE}, 1=0)",
            _("Whether the number is withheld from you because it is small."),
            "#meta+suppressed",
        ),
        Column(
            "below",
            Kind.NUMBER,
            f"CASE WHEN {SMALL_HERE} THEN {SMALL} END",
            _("A withheld number is 1 or more and below this."),
            "#indicator+below+num",
        ),
        Column("qualifier", Kind.CODE, "n.qualifier", _("How exact it is."), "#meta+qualifier", source=SOURCE),
        Column(
            "unit",
            Kind.CODE,
            "n.unit",
            _("What one stands for: people, households or houses."),
            "#meta+unit",
            source=SOURCE,
        ),
        Column(
            "headline", Kind.YES_NO, "n.headline", _("A key figure of its crisis."), "#meta+headline", source=OFFICE
        ),
        Column(
            "sectors",
            Kind.CODES,
            SECTORS,
            _("The sectors it is about; empty: no one of them."),
            "#sector+code+list",
            source=OFFICE,
        ),
        Column(
            "activity", Kind.TEXT, "n.activity", _("The line of work it is about."), "#activity+name", source=OFFICE
        ),
        Column("place", Kind.TEXT, "n.place", _("The part of the crisis it is about."), "#loc+name", source=OFFICE),
        Column(
            "as_of",
            Kind.DATE,
            partial("n.as_of", "n.as_of_precision"),
            _("The date it holds for."),
            "#date+occurred",
            source=SOURCE,
        ),
        Column("source_kind", Kind.CODE, "n.source_kind", _("Who says so."), "#meta+source+code"),
        Column("source", Kind.TEXT, "n.source", _("Document or address."), "#meta+source+name"),
        Column("note", Kind.TEXT, "n.note", _("Note."), "#description", source=OFFICE),
        Column("recorded_at", Kind.MOMENT, "n.recorded_at", _("When it was recorded, UTC."), "#date+reported"),
        Column(
            "revision", Kind.NUMBER, "n.revision", _("The number of the change that recorded it."), "#meta+revision"
        ),
    ),
    rows=f"""crises_figure n
    JOIN crises_crisis r ON r.id = n.crisis_id
    JOIN crises_crisis c ON c.id = coalesce(r.merged_into_id, r.id)
    JOIN offices_country k ON k.iso3 = c.main_country_id
    WHERE n.id IN (SELECT id FROM chosen)
    AND (NOT {OF_PROTECTED} OR c.office_id IN (SELECT id FROM own))
    ORDER BY c.revision DESC, n.id""",  # noqa: S608 (our own text)
    scopes=("chosen", "own"),
)
