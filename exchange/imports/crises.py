"""Rows of crises: one with a reference changes the facts of that crisis, one without logs a new one."""

from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crises import services
from crises.duplicates import alike
from crises.models import AffectedGroup, Crisis, Receipt
from crises.services.facts import facts_as_known, refuse_future_start
from exchange.exports import CRISES
from exchange.imports import fields
from exchange.imports.judging import Field, Judged, Verdict, check_fields, crisis_of, key_of, missing, only_read, values

SHARING = (Crisis.Sharing.OFFICE, Crisis.Sharing.STAFF)
MEANS = {column.name: column.meaning for column in CRISES.columns}


def _fact(name, parse, codes=(), required=False):
    return Field(parse, MEANS[name], tuple(codes), required)


FIELDS = {
    "reference": Field(
        fields.text, gettext_lazy("Of a crisis that is logged: the row changes it. Empty: the row logs a new one.")
    ),
    "facts_revision": Field(
        fields.whole,
        gettext_lazy("As you exported it. Where somebody has changed the facts since, the row is refused."),
    ),
    "title": _fact("title", fields.text, required=True),
    "country": _fact("country", fields.country, required=True),
    "other_countries": _fact("other_countries", fields.countries),
    "office": Field(fields.office, gettext_lazy("One of yours, by its slug; may stay empty where you have one.")),
    "cause": _fact("cause", fields.code(Crisis.Cause.choices), Crisis.Cause.values, required=True),
    "cause_detail": _fact("cause_detail", fields.text),
    "onset": _fact("onset", fields.code(Crisis.Onset.choices), Crisis.Onset.values),
    "started": Field(
        fields.partial_date, gettext_lazy("Start: 2014-06-01, or 2014-06 or 2014 where no more is known.")
    ),
    "crosses_border": _fact("crosses_border", fields.yes_no, ("yes", "no")),
    "foreign_nationals": _fact("foreign_nationals", fields.yes_no, ("yes", "no")),
    "state_request": _fact("state_request", fields.yes_no, ("yes", "no")),
    "groups": _fact("groups", fields.codes(AffectedGroup.choices), AffectedGroup.values),
    "glide": _fact("glide", fields.text),
    "places": _fact("places", fields.text),
    "phases": Field(
        fields.phases,
        gettext_lazy("The phases it is in, parted by spaces."),
        ("before", "during", "after"),
        required=True,
    ),
    "level_proposed": _fact("level_proposed", fields.code([("1", 1), ("2", 2), ("3", 3)]), ("1", "2", "3")),
    "sharing": Field(
        fields.code([(one.value, one.label) for one in SHARING]),
        gettext_lazy("Who may see a new crisis; empty: staff. HQ decides on sharing with partners."),
        tuple(one.value for one in SHARING),
    ),
    "summary": _fact("summary", fields.text),
    "why_distinct": Field(
        fields.text, gettext_lazy("Where a new crisis looks like one that is logged: why it is another one.")
    ),
}
# What is changed elsewhere: a row may repeat it, not change it.
ELSEWHERE = {
    "office": gettext_lazy("A crisis is passed to another office by the regional office."),
    "phases": gettext_lazy("Phases are opened and closed on the crisis's own page."),
    "sharing": gettext_lazy("Who may see a crisis is changed on its own page."),
    "status": gettext_lazy("A crisis is closed and reopened on its own page."),
    "exercise": gettext_lazy("Whether it is an exercise is not changed by an import."),
}
COLUMNS = dict.fromkeys(CRISES.names, False) | dict.fromkeys(FIELDS, True) | dict.fromkeys(ELSEWHERE, True)
SERVICE_NAMES = {"country": "main_country"}
COLUMN_NAMES = {
    **{name: name for name in FIELDS},
    **{"main_country": "country", "started_on": "started", "start_precision": "started"},
}
FACTS = FIELDS.keys() - {"reference", "facts_revision", "office", "phases", "sharing", "why_distinct"}


def judge(line, known, seen):
    """What would become of a row. `seen` are the new crises of the rows above: {key: number of the row}."""
    judged = Judged(line.number, about=line.get("reference").upper() or line.get("title"))
    parsed = FIELDS if not line.get("reference") else {k: v for k, v in FIELDS.items() if k not in ELSEWHERE}
    said = values(judged, line, parsed, known)
    facts = {SERVICE_NAMES.get(name, name): said[name] for name in said if name in FACTS}
    _in_service_words(facts)
    if line.get("reference"):
        _judge_known(judged, line, said, facts, known)
    else:
        _judge_new(judged, line, said, facts, known, seen)
    return judged


def _in_service_words(facts):
    if "started" in facts:
        facts["started_on"], facts["start_precision"] = facts.pop("started")
    if "glide" in facts:
        facts["glide"] = " ".join(facts["glide"].upper().split())
    if "level_proposed" in facts:
        facts["level_proposed"] = int(facts["level_proposed"]) if facts["level_proposed"] else None
    if facts.get("main_country", 0) is None:
        del facts["main_country"]


# A new crisis


def _judge_new(judged, line, said, facts, known, seen):
    _complete(judged, line, said, known)
    if judged.problems:
        return
    _check(judged, facts, said["phases"], known)
    if judged.problems:
        return
    office, sharing = said["office"], said.get("sharing") or Crisis.Sharing.STAFF
    key = key_of("crisis", known.by.pk, office, [phase.slug for phase in said["phases"]], sharing, facts)
    if before := Receipt.objects.filter(user=known.by, key=key).select_related("crisis").first():
        judged.verdict, judged.about = Verdict.SKIP, before.crisis.reference
        judged.note = _("Logged from such a row before.")
        return
    if key in seen:
        judged.wrong("", _("This row says the same as row %(n)s.") % {"n": seen[key]}, _("Delete one of them."))
        return
    seen[key] = line.number
    like = _alike(facts, known)
    if like and not said.get("why_distinct"):
        told = ", ".join(f"{crisis.reference} ({crisis.title})" for crisis in like[:3])
        words = _("This looks like a crisis that is logged: %(told)s.") % {"told": told}
        judged.wrong("why_distinct", words, _("If it is that one, give its reference. If not, say why here."))
        return
    judged.verdict = Verdict.CREATE
    judged.act = lambda: services.log_crisis(
        by=known.by,
        key=key,
        office=office,
        phases=dict.fromkeys(said["phases"]),
        sharing=sharing,
        distinct_from=[crisis.reference for crisis in like],
        why_distinct=said.get("why_distinct", "")[:200],
        **facts,
    )


def _complete(judged, line, said, known):
    """Whether a new row says what it must, and nothing that no new crisis can have."""
    missing(judged, line, FIELDS)
    if line.get("status") not in ("", "open"):
        judged.wrong("status", _("A new crisis is open."), _("Close it on its own page afterwards."))
    if line.get("exercise").casefold() not in ("", "no"):
        judged.wrong("exercise", ELSEWHERE["exercise"])
    if "office" not in line.cells:
        try:
            said["office"] = fields.office("", known)
        except fields.Wrong as wrong:
            judged.wrong("office", wrong.reason, wrong.suggestion)


def _check(judged, facts, phases, known):
    """What the model and the services would refuse of these facts."""
    own = {name: value for name, value in facts.items() if name != "other_countries"}
    names = {name: COLUMN_NAMES.get(name, name) for name in own if name != "main_country"}
    check_fields(judged, Crisis(**own), names)
    try:
        refuse_future_start(Crisis(**_dates(facts)), phases, known.today)
    except ValidationError as error:
        judged.refuse(error, COLUMN_NAMES)


def _dates(facts):
    return {name: facts[name] for name in ("started_on", "start_precision") if name in facts}


def _alike(facts, known):
    told = ("title", "main_country", "cause", "started_on", "start_precision", "glide")
    return alike(known.by, **{name: facts[name] for name in told if name in facts})


# A crisis that is logged


def _judge_known(judged, line, said, facts, known):
    crisis = crisis_of(judged, line.get("reference"), known)
    if crisis is None:
        return
    _refuse_elsewhere(judged, line, crisis)
    for name in ("title", "country", "cause"):
        if name in line.cells and not line.cells[name]:
            judged.wrong(name, _("This is required."))
    changed = {} if judged.problems else _differing(facts, facts_as_known(crisis))
    if not crisis.may_change:
        only_read(judged, judged.problems or changed)
        return
    if judged.problems:
        return
    if not changed:
        judged.verdict, judged.note = Verdict.SKIP, _("Nothing differs.")
        return
    revision = said.get("facts_revision")
    _refuse_stale(judged, crisis, revision)
    phases = [period.phase for period in crisis.periods.filter(left_on=None).select_related("phase")]
    _check(judged, changed, phases, known)
    judged.verdict, judged.note = Verdict.UPDATE, ", ".join(sorted({COLUMN_NAMES.get(name, name) for name in changed}))
    judged.act = lambda: services.update_facts(crisis=crisis, by=known.by, revision=revision, strict=True, **changed)


def _refuse_stale(judged, crisis, revision):
    if revision is None:
        words = _("A row that changes a crisis needs the number that you exported.")
        judged.wrong("facts_revision", words, _("Export the crises again and change that file."))
    elif revision != crisis.facts_revision:
        told = {"by": crisis.updated_by, "at": date_format(crisis.updated_at, "j M Y, H:i")}
        words = _("The facts have changed since you exported them (last change of the crisis: %(by)s, %(at)s UTC).")
        judged.wrong("facts_revision", words % told, _("Export it again, and put your changes into that."))
    if not crisis.is_open:
        judged.wrong("reference", _("This crisis is closed."), _("Its office's lead can reopen it."))


def _refuse_elsewhere(judged, line, crisis):
    phases = sorted(crisis.periods.filter(left_on=None).values_list("phase__slug", flat=True))
    now = {
        "office": crisis.office.slug,
        "phases": phases,
        "sharing": crisis.sharing,
        "status": crisis.status,
        "exercise": "yes" if crisis.exercise else "no",
    }
    for name, why in ELSEWHERE.items():
        told = line.get(name)
        if told and (sorted(told.split()) if name == "phases" else told) != now[name]:
            was = " ".join(now[name]) if name == "phases" else now[name]
            judged.wrong(name, why, _("Leave it empty, or as it is: %(was)s.") % {"was": was})


def _differing(facts, now):
    """The facts that are not what is known already. A text that differs in the space around it alone is the same."""
    changed = {}
    for name, value in facts.items():
        plain = getattr(value, "pk", value)
        if name == "groups":
            plain = sorted(value)
        if name == "other_countries":
            plain = sorted(country.pk for country in value)
        known = now[name].strip().replace("\r\n", "\n") if isinstance(now[name], str) else now[name]
        if plain != known:
            changed[name] = value
    return changed
