"""What two editions of a framework put differently. Pure: two contents in, plain data out."""

from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sectors.models import Statement
from sectors.reference import Content

NAMES = {
    "priority": _("Priority"),
    "condition": _("Depends on"),
    "otherwise": _("If not"),
    "confidence": _("Confidence"),
    "strength": _("Link"),
    "how": _("How"),
    "symmetric": _("Both ways"),
    "reason": _("Reason"),
    "paragraph": _("Paragraph"),
    "provenance": _("Whose word"),
}


@dataclass(frozen=True)
class Value:
    """One value of a statement on both sides, in words; empty where a side says nothing."""

    name: str
    before: str
    after: str

    @property
    def label(self):
        return NAMES[self.name]


@dataclass(frozen=True)
class Difference:
    """A statement that two editions put differently; None on the side that does not make it."""

    before: Statement | None
    after: Statement | None

    @property
    def row(self):
        """The statement of either side: both are about the same."""
        return self.after or self.before

    @property
    def title(self):
        """What the statement is about, in words."""
        row = self.row
        if row._meta.model_name == "complementarity":
            return gettext("%(one)s (%(one_phase)s) and %(other)s (%(other_phase)s)") % {
                "one": row.from_sector.short_name,
                "one_phase": row.from_phase.short_name.lower(),
                "other": row.to_sector.short_name,
                "other_phase": row.to_phase.short_name.lower(),
            }
        other = row.phase.short_name.lower() if row._meta.model_name == "sectorpriority" else row.target.label
        return f"{row.sector.name}, {other}"

    @property
    def fields(self):
        """The names of the values that differ; all of them where one side does not make the statement."""
        names = _values_of(self.row)
        if not (self.before and self.after):
            return names
        return [name for name in names if getattr(self.before, name) != getattr(self.after, name)]

    @property
    def values(self):
        """The values that differ, in words."""
        return [Value(name, _in_words(self.before, name), _in_words(self.after, name)) for name in self.fields]

    @property
    def sentence(self):
        """What became of it: added, removed, or what of it changed."""
        if not self.before:
            return gettext("Added.")
        if not self.after:
            return gettext("Removed.")
        return gettext("Changed: %(names)s.") % {
            "names": ", ".join(str(NAMES[name]).lower() for name in self.fields if name != "provenance")
            or str(NAMES["provenance"]).lower()
        }


def _values_of(row):
    return [*row.says, "provenance"]


def _in_words(row, name):
    value = getattr(row, name) if row else ""
    if name == "symmetric":
        return {True: gettext("Yes"), False: gettext("No")}.get(value, "")
    words = getattr(row, f"get_{name}_display", None)
    return str(words()) if words and value else value


@dataclass(frozen=True)
class Comparison:
    """Two editions of one framework side by side: only what differs, in the framework's order."""

    before: Content
    after: Content
    priorities: list[Difference]
    links: list[Difference]
    complementarities: list[Difference]

    @property
    def differences(self):
        return [*self.priorities, *self.links, *self.complementarities]

    @property
    def groups(self):
        """What differs, kind by kind, under the title of each."""
        return [
            (gettext("Priorities"), self.priorities),
            (gettext("Links"), self.links),
            (gettext("How sectors help one another"), self.complementarities),
        ]

    def __bool__(self):
        return bool(self.differences)


def compare(before: Content, after: Content):
    """What differs from one edition to the other, which are of the same framework."""
    return Comparison(
        before,
        after,
        priorities=_differences(before.priorities.values(), after.priorities.values()),
        links=_differences(before.links, after.links),
        complementarities=_differences(before.complementarities, after.complementarities),
    )


def _differences(before, after):
    was, now = ({about(row): row for row in rows} for rows in (before, after))
    found = [Difference(was.get(key), now.get(key)) for key in was | now]
    return sorted((one for one in found if one.fields), key=lambda one: _place(one.row))


def about(row):
    """What a statement is about: the same in every edition of its framework."""
    return (type(row), *(getattr(row, f"{name}_id") for name in row.ABOUT))


def _place(row):
    """Where a statement stands in the framework's order: by its sector, then by what else it is about."""
    parts = [getattr(row, name) for name in row.ABOUT]
    return [row._meta.model_name == "clusterlink", *((getattr(part, "kind", ""), part.number) for part in parts)]
