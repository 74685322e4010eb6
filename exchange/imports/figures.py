"""Rows of figures: one that is recorded already is left alone, any other is added. Nothing is overwritten."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crises import services
from crises.dates import bounds
from crises.models import Figure, Receipt, SourceKind
from exchange.exports import FIGURES
from exchange.imports import fields
from exchange.imports.judging import Field, Judged, Verdict, check_fields, crisis_of, key_of, missing, only_read, values

MEANS = {column.name: column.meaning for column in FIGURES.columns}


def _said(name, parse, codes=(), required=False):
    return Field(parse, MEANS[name], tuple(codes), required)


FIELDS = {
    "reference": Field(fields.text, gettext_lazy("The crisis that the figure is of."), required=True),
    "metric": _said("metric", fields.code(Figure.Metric.choices), Figure.Metric.values, required=True),
    "group": Field(fields.code(Figure.GROUPS), gettext_lazy("Of whom; empty: all groups."), tuple(dict(Figure.GROUPS))),
    "value": Field(fields.whole, gettext_lazy("How many; empty: not known. Never 0 for not known.")),
    "qualifier": Field(
        fields.code(Figure.Qualifier.choices), gettext_lazy("How exact it is; empty: exact."), tuple(Figure.Qualifier)
    ),
    "unit": Field(
        fields.code(Figure.Unit.choices), gettext_lazy("What one stands for; empty: people."), tuple(Figure.Unit)
    ),
    "headline": Field(fields.yes_no, gettext_lazy("A key figure of its crisis; empty: no."), ("yes", "no")),
    "sectors": Field(fields.sectors, gettext_lazy("Codes of sectors such as S03, parted by spaces.")),
    "activity": _said("activity", fields.text),
    "place": _said("place", fields.text),
    "as_of": Field(
        fields.partial_date, gettext_lazy("The date it holds for: 2014-06-01, or 2014-06 or 2014."), required=True
    ),
    "source_kind": _said("source_kind", fields.code(SourceKind.choices), SourceKind.values, required=True),
    "source": _said("source", fields.text),
    "note": _said("note", fields.text),
    "revision": Field(fields.whole, gettext_lazy("As you exported it; empty for a new figure.")),
}
COLUMNS = {name: name in FIELDS for name in FIGURES.names}
TEXTS = ("activity", "place", "source", "note")
COLUMN_NAMES = {name: name for name in FIELDS} | {"as_of_precision": "as_of"}


def judge(line, known, seen):
    """What would become of a row. `seen` keeps what was read for the rows above, and what they add."""
    judged = Judged(line.number, about=line.get("reference").upper())
    said = values(judged, line, FIELDS, known)
    missing(judged, line, FIELDS)
    crisis = crisis_of(judged, line.get("reference"), known) if line.get("reference") else None
    if judged.problems or crisis is None:
        return judged
    figure, sectors = _figure(said)
    check_fields(judged, Figure(**figure), {name: COLUMN_NAMES[name] for name in figure})
    if bounds(figure["as_of"], figure["as_of_precision"])[0] > known.today:
        judged.wrong("as_of", _("The date must be today or in the past."))
    if judged.problems:
        return judged
    same = _as_compared(figure, sectors)
    standing = _standing(crisis, seen)
    revision = said.get("revision")
    judged.note = f"{Figure.Metric(figure['metric']).label}: {'' if figure['value'] is None else figure['value']}"
    if revision is not None and standing.get(same, ()).count(revision) == 0:
        judged.wrong(
            "revision",
            _("No figure of this crisis that stands says this with that number: a figure is never overwritten."),
            _("Clear the number to add the figure, and withdraw the wrong one on the page of figures."),
        )
    elif same in standing:
        judged.verdict = Verdict.SKIP
        judged.note = _("Recorded already.") if standing[same] else _("The same as another row of this file.")
    elif not crisis.may_change:
        only_read(judged, differs=True)
    else:
        _add(judged, crisis, figure, sectors, known)
        standing[same] = []
    return judged


def _add(judged, crisis, figure, sectors, known):
    key = key_of("figure", known.by.pk, crisis.pk, sorted(sector.code for sector in sectors), figure)
    if Receipt.objects.filter(user=known.by, key=key).exists():
        judged.verdict, judged.note = Verdict.SKIP, _("Recorded from such a row before, and withdrawn since.")
        return
    judged.verdict = Verdict.CREATE
    judged.act = lambda: services.add_figure(crisis=crisis, by=known.by, key=key, sectors=sectors, **figure)


def _figure(said):
    """The values of a figure in the words of the services, and its sectors."""
    as_of, precision = said["as_of"]
    figure = {name: said.get(name, "") for name in TEXTS} | {
        "metric": said["metric"],
        "group": said.get("group") or Figure.ALL,
        "value": said.get("value"),
        "qualifier": said.get("qualifier") or Figure.Qualifier.EXACT.value,
        "unit": said.get("unit") or Figure.Unit.PEOPLE.value,
        "headline": bool(said.get("headline")),
        "as_of": as_of,
        "as_of_precision": precision,
        "source_kind": said["source_kind"],
    }
    return figure, said.get("sectors", [])


def _as_compared(figure, sectors):
    plain = {name: value.strip() if isinstance(value, str) else value for name, value in figure.items()}
    return tuple(sorted((name, str(value)) for name, value in plain.items())), tuple(
        sorted(one.code for one in sectors)
    )


def _standing(crisis, seen):
    """The figures of this crisis that stand: {what is said: [revisions]}. Two queries for each crisis."""
    if crisis.pk not in seen:
        seen[crisis.pk] = found = {}
        for row in Figure.objects.of(crisis).standing().prefetch_related("sectors"):
            names = (
                "metric",
                "group",
                "value",
                "qualifier",
                "unit",
                "headline",
                "as_of",
                "as_of_precision",
                "source_kind",
            )
            figure = {name: getattr(row, name) for name in (*TEXTS, *names)}
            found.setdefault(_as_compared(figure, row.sectors.all()), []).append(row.revision)
    return seen[crisis.pk]
