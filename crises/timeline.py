"""What happened to a crisis, in words: its history rows as sentences."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from crises.models import Crisis, Figure, LevelDecision, PlanCell
from sectors import reference


@dataclass(frozen=True)
class Entry:
    at: datetime
    by: object
    sentence: str
    why: str
    revision: int


def timeline(crisis, most=None):
    """The changes of a crisis, the newest first; `most` of them or all. One query."""
    rows = crisis.history.select_related("history_user").order_by("-history_date")
    content = reference.content(crisis.edition_id)
    return [
        Entry(
            at=row.history_date,
            by=row.history_user,
            sentence=_sentence(row.history_change_reason or {}, content),
            why=(row.history_change_reason or {}).get("why", ""),
            revision=row.revision,
        )
        for row in rows[:most]
    ]


def _sentence(said, content):
    tell = TOLD.get(said.get("event"))
    return tell(said, content) if tell else _("Changed.")


def _logged(said, content):
    others = said.get("distinct_from")
    if others:
        return _("Logged; not the same as %(others)s.") % {"others": ", ".join(others)}
    return _("Logged.")


def _facts(said, content):
    names = [str(Crisis._meta.get_field(name).verbose_name) for name in said["fields"] if name != "start_precision"]
    return _("Facts changed: %(names)s.") % {"names": ", ".join(names)} if names else _("Facts confirmed.")


def _where(said, content):
    return {
        "sector": content.sector(said["sector"]).short_name,
        "phase": content.phase(said["phase"]).short_name.lower(),
    }


def _status(said, content):
    words = _where(said, content) | {"now": PlanCell.Status(said["now"]).label.lower()}
    if said["was"] == said["now"]:
        return _("%(sector)s, %(phase)s: details changed, still %(now)s.") % words
    return _("%(sector)s, %(phase)s: %(was)s, now %(now)s.") % (
        words | {"was": PlanCell.Status(said["was"]).label.lower()}
    )


def _figure(said, content):
    number = _("not known") if said["value"] is None else f"{said['value']:,}"
    return _("Figure added. %(metric)s: %(number)s %(unit)s.") % {
        "metric": Figure.Metric(said["metric"]).label,
        "number": number,
        "unit": Figure.Unit(said["unit"]).label,
    }


def _level(said, content):
    return _("%(scheme)s decided: %(value)s.") % {
        "scheme": LevelDecision.Scheme(said["scheme"]).label,
        "value": LevelDecision.Value(said["value"]).label,
    }


TOLD = {
    "logged": _logged,
    "facts": _facts,
    "status": _status,
    "figure": _figure,
    "level": _level,
    "activity": lambda said, content: _("Line of work added: %(name)s.") % {"name": said["name"]},
    "waived": lambda said, content: (
        _("Gap of %(sector)s, %(phase)s, waived until %(until)s.") % (_where(said, content) | {"until": said["until"]})
    ),
    "phase_opened": lambda said, content: (
        _("Phase opened: %(phase)s.") % {"phase": content.phase(said["phase"]).short_name.lower()}
    ),
    "phase_closed": lambda said, content: (
        _("Phase left: %(phase)s.") % {"phase": content.phase(said["phase"]).short_name.lower()}
    ),
    "closed": lambda said, content: _("Closed."),
    "reopened": lambda said, content: _("Reopened."),
    "shared": lambda said, content: (
        _("Who can see this: %(was)s, now %(now)s.")
        % {"was": Crisis.Sharing(said["was"]).label.lower(), "now": Crisis.Sharing(said["now"]).label.lower()}
    ),
}
