"""Who looks after a crisis at headquarters or in the regional office, and what they have asked its office for."""

from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Exists, F, Q
from django.utils.translation import gettext_lazy as _

from offices.models import Office, Role

from .crisis import Crisis
from .reach import narrowed


@narrowed
def overseen_by(user):
    """Of which crises this person asks the office for an update and says who looks after them, as a condition on
    crises: HQ of every one, regional officers of those of the offices below them."""
    if not user.is_authenticated or not user.is_active:
        return Q(pk__in=[])
    below = Office.objects.reached_by(user, Role.REGIONAL)
    return Q(office__in=below) | Q(Exists(user.memberships.filter(role=Role.HQ)))


class Mailed(models.Model):
    """Something that people are told of by mail, once. `not_emailed` says in words why they were not."""

    emailed_at = models.DateTimeField(null=True, editable=False)
    not_emailed = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        abstract = True


class UpdateRequestQuerySet(models.QuerySet):
    def standing(self):
        """Those neither withdrawn nor answered: the office has changed nothing of the crisis since they were made."""
        return self.filter(withdrawn_at=None, crisis__last_update=F("after"))


class UpdateRequest(Mailed):
    """A request to the office of a crisis to bring it up to date.

    `after` is the office's last update of the crisis when it was made. Its next one answers it: nothing is written for
    that, and the database holds that an office is asked once until then.
    """

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="requests")
    after = models.DateTimeField(editable=False)
    note = models.TextField(_("note"), blank=True, validators=[MaxLengthValidator(500)])
    asked_at = models.DateTimeField(editable=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    objects = UpdateRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["crisis", "after"], condition=Q(withdrawn_at=None), name="office_asked_once_until_it_answers"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("asked_at")),
                name="request_withdrawn_after_it_was_made",
            ),
        ]

    def __str__(self):
        return f"{self.crisis}: {self.asked_at}"


class AssignmentQuerySet(models.QuerySet):
    def at(self, moment=None):
        """Who looks after crises now, or who did at a past moment: one row a crisis at most."""
        if moment is None:
            return self.filter(ended_at=None)
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=moment), assigned_at__lte=moment)


class Assignment(Mailed):
    """Who looks after a crisis at headquarters or in the regional office, from when until when."""

    crisis = models.ForeignKey(Crisis, models.CASCADE, related_name="assignments")
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="assignments")
    assigned_at = models.DateTimeField(editable=False)
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["-assigned_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["crisis"], condition=Q(ended_at=None), name="crisis_assigned_to_one_person_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("assigned_at")),
                name="assignment_ends_after_it_begins",
            ),
        ]

    def __str__(self):
        return f"{self.crisis}: {self.assignee}"
