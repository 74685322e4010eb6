"""The form of a review: a step, what the reviewer saw, a note, and a comment on anything that is reviewed."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crises.forms.fields import CountedLength, LongTextField
from crises.models import Review

COMMENT = "on-"  # before the name of what a comment is about


class ReviewForm(forms.Form):
    """One step of a review. Comments are on `targets`, {name: what the service is told}; none for most readers."""

    act = forms.ChoiceField(
        choices=Review.Kind.choices,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(["required", "invalid_choice"], _("Choose what to do: the buttons are below.")),
    )
    note = LongTextField(rows=3, label=_("Note"), required=False, validators=[CountedLength(1000, _("Note"))])
    seen = forms.IntegerField(widget=forms.HiddenInput, error_messages={"required": _("Open this page again.")})
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data=None, *, crisis, targets):
        super().__init__(data, initial={"key": uuid.uuid4(), "seen": crisis.content_revision})
        self.targets = targets
        for name in targets:
            self.fields[COMMENT + name] = LongTextField(
                rows=2, label=_("Comment"), required=False, validators=[CountedLength(500, _("Comment"))]
            )

    def clean(self):
        said = super().clean()
        comments = [
            {**about, "text": said[COMMENT + name]} for name, about in self.targets.items() if said.get(COMMENT + name)
        ]
        if said.get("act") == Review.Kind.SENT_BACK and not (said.get("note") or comments) and not self.errors:
            raise ValidationError({"note": _("Say what the office is to change: in a note here or in a comment.")})
        return said | {"comments": comments}

    def on(self, name):
        """The field for a comment on something; None where this reader makes none."""
        return self[COMMENT + name] if COMMENT + name in self.fields else None

    def again(self, crisis):
        """The same answers for what stands now: sending them is another decision."""
        self.data = self.data.copy()
        self.data["seen"], self.data["key"] = str(crisis.content_revision), str(uuid.uuid4())
