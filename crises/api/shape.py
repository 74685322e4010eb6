"""Less of each row, and more: `fields` names those that are wanted, `expand` what is to be told of beside its code."""

from difflib import get_close_matches

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError

FIELDS = OpenApiParameter(
    "fields",
    description="Names of fields, parted by commas: only these are answered. Without it all are, and all are there.",
)


def expand(names):
    """The parameter that takes these names."""
    return OpenApiParameter(
        "expand",
        description=f"What `expanded` tells of in full, parted by commas: {', '.join(names)}. Without it `expanded` is "
        "null.",
    )


class Shaped:
    """An address that takes `fields`, of those of its serializer, and `expand`, of `expandable`."""

    expandable = ()
    own = frozenset()  # what else the address reads itself

    @property
    def shape(self):
        return {"fields", "expand"} if self.expandable else {"fields"}

    @property
    def parameters(self):
        above = getattr(super(), "parameters", set()) | self.own
        return above | self.shape if self.request.method in ("GET", "HEAD", "OPTIONS") else above

    def _names(self, parameter, known):
        """The names that a parameter holds. Raises ValidationError that names the nearest one for one not known."""
        asked = self.request.query_params.get(parameter)
        if asked is None:
            return None
        names, wrong = asked.split(","), []
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, 1)
                words = {"name": name, "near": near and near[0], "known": ", ".join(known)}
                hint = _("Did you mean “%(near)s”?") if near else _("Use some of: %(known)s.")
                wrong.append(f"{_('There is no “%(name)s” here.') % words} {hint % words}")
        if wrong:
            raise ValidationError({parameter: wrong})
        return names

    @cached_property
    def wanted(self):
        """The names of the fields that are asked for; None where all are."""
        if "fields" not in self.request.query_params:
            return None
        return self._names("fields", list(self.get_serializer_class()().fields))

    @cached_property
    def expanded(self):
        return self._names("expand", self.expandable) or []

    def get_serializer_context(self):
        return super().get_serializer_context() | {"expand": self.expanded if self.request else []}

    def get_serializer(self, *args, **kwargs):
        """The serializer without the fields that nobody asked for: they are not worked out either."""
        made = super().get_serializer(*args, **kwargs)
        if self.request and self.request.method in ("GET", "HEAD") and self.wanted is not None:
            fields = getattr(made, "child", made).fields
            for name in list(fields):
                if name not in self.wanted:
                    del fields[name]
        return made

    def only_wanted(self, rows):
        """Plain rows without the fields that nobody asked for."""
        if self.wanted is None:
            return rows
        return [{name: row[name] for name in row if name in self.wanted} for row in rows]
