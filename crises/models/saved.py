"""Filters that somebody keeps under a name, for themselves or for all staff."""

import re
from urllib.parse import parse_qsl

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Exists, Q
from django.utils.translation import gettext_lazy as _

SLUG = re.compile(r"[a-z0-9-]{1,80}")


class SavedViewQuerySet(models.QuerySet):
    def usable_by(self, user):
        """The views this person may use that are not removed: their own, and for staff with a role the shared ones."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        shared = Q(pk__in=[]) if user.partner_id else Q(Exists(user.memberships.all()), shared=True)
        return self.filter(Q(owner=user) | shared, removed_at=None)

    def named(self, slug):
        """The one that addresses call so, or None. One query."""
        return self.filter(slug=slug).first() if SLUG.fullmatch(slug) else None


class SavedView(models.Model):
    """Filters of pages across crises under a name. `query` is how an address says them; `slug` names it in addresses.

    The slug holds a random part, so that it does not tell whether somebody else has a view of the same name, and it
    stays when the view is renamed. A view that is removed keeps its row, so that removing it twice does no harm.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", editable=False)
    name = models.CharField(_("name"), max_length=60)
    slug = models.SlugField(max_length=80, unique=True, editable=False)
    query = models.TextField(editable=False, validators=[MaxLengthValidator(1000)])
    shared = models.BooleanField(_("shared with staff"), default=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    revision = models.BigIntegerField(default=0, editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], condition=Q(removed_at=None), name="saved_view_named_once_by_its_owner"
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="saved_view_has_a_name", violation_error_message=_("Enter a name.")
            ),
            models.CheckConstraint(
                condition=~Q(query=""),
                name="saved_view_asks_for_something",
                violation_error_message=_("There is no filter to save. Choose one first."),
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def filters(self):
        """What it asks for: {name of a filter: value}."""
        return dict(parse_qsl(self.query))
