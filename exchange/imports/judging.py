"""What would become of each row of an import: what to do with it, or what is wrong with it and how to mend it."""

import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crises.models import Crisis
from exchange.imports.fields import Wrong

NAMESPACE = uuid.UUID("6f0b1d52-5e0c-4a3e-9d5b-0a7d3f1c2b48")  # of the keys that are made from rows


class Field(NamedTuple):
    """A column that an import reads: what it means, how its text is understood, and which codes it takes."""

    parse: Callable
    meaning: str | Promise
    codes: tuple = ()
    required: bool = False


class Verdict(models.TextChoices):
    CREATE = "create", gettext_lazy("Create")
    UPDATE = "update", gettext_lazy("Update")
    SKIP = "skip", gettext_lazy("Skip")
    WRONG = "wrong", gettext_lazy("Wrong")


@dataclass
class Judged:
    """A row with its verdict. `act` makes the change, by the service that the pages call."""

    number: int
    verdict: str = Verdict.WRONG
    about: str = ""  # the reference, or the name of what is new
    note: str = ""
    problems: list = field(default_factory=list)  # (column, reason, suggestion)
    act: Callable | None = None

    def wrong(self, column, reason, suggestion=""):
        self.problems.append((column, str(reason), str(suggestion)))

    def refuse(self, error, names):
        """Take in what a model or a service refuses; `names` are columns by the names that it uses."""
        told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, lines in told.items():
            for line in lines:
                self.wrong(names.get(name, name), line)

    @property
    def plain(self):
        """As it is kept and shown."""
        return {
            "row": self.number,
            "verdict": Verdict.WRONG if self.problems else self.verdict,
            "about": self.about,
            "note": self.note,
            "problems": self.problems,
        }


def values(judged, line, fields, known):
    """The values of a row by column; what is wrong with a cell is told of the row. Only columns of the file."""
    judged.problems += line.problems
    broken, found = {column for column, *_rest in line.problems}, {}
    for name, one in fields.items():
        if name in line.cells and name not in broken:
            try:
                found[name] = one.parse(line.cells[name].replace("\r\n", "\n"), known)
            except Wrong as wrong:
                judged.wrong(name, wrong.reason, wrong.suggestion)
    return found


def missing(judged, line, fields):
    """Tell of the columns that a new row must fill and does not."""
    told = {column for column, *_rest in judged.problems}
    for name, one in fields.items():
        if one.required and not line.get(name) and name not in told:
            judged.wrong(name, _("This is required."), one.meaning)


def crisis_of(judged, told, known):
    """The crisis of this reference among those the person may read, with `may_change`, or None: hidden ones are told
    like none."""
    reference = told.upper()
    mine = Crisis.objects.editable_by(known.by).exclude(status=Crisis.Status.WITHDRAWN)
    seen = Crisis.objects.visible_to(known.by).exclude(status=Crisis.Status.WITHDRAWN).select_related("updated_by")
    seen = seen.annotate(may_change=Exists(mine.filter(pk=OuterRef("pk"))))
    found = seen.filter(reference=reference).first()
    if found is None:
        near = mine.filter(reference__startswith=reference[:4]).values_list("reference", flat=True)[:500]
        near = get_close_matches(reference, near, 1, 0.8)
        words = _("There is no crisis “%(reference)s” among those you may read.") % {"reference": told[:20]}
        judged.wrong("reference", words, _("Did you mean %(near)s?") % {"near": near[0]} if near else "")
    elif found.merged_into_id:
        into = Crisis.objects.filter(pk=found.merged_into_id).values_list("reference", flat=True).get()
        judged.wrong("reference", _("This crisis has been merged into another."), _("Use %(into)s.") % {"into": into})
        return None
    return found


def only_read(judged, differs):
    """A row of a crisis that the person may read and not change: skipped as it was exported, refused otherwise."""
    judged.verdict, judged.note = Verdict.SKIP, _("Nothing differs.")
    if differs:
        judged.problems = []
        words = _("You may read this crisis, not change it.")
        judged.wrong("reference", words, _("Leave the row as it was exported, or delete it."))


def check_fields(judged, row, names):
    """What the model says of these fields of a row: `names` are columns by field."""
    try:
        row.clean_fields(exclude=[one.name for one in row._meta.fields if one.name not in names])
        row.clean()
    except ValidationError as error:
        judged.refuse(error, names)


def key_of(*content):
    """The key of a submission that is made of its content: the same row is received once, however often it comes."""
    text = json.dumps(content, sort_keys=True, default=_plain)
    return uuid.uuid5(NAMESPACE, text)


def _plain(value):
    return value.pk if isinstance(value, models.Model) else DjangoJSONEncoder().default(value)


def digest_of(plain):
    """What tells one set of verdicts from another."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
