"""Writes of unfinished forms."""

from django.utils import timezone

from crises.models import Draft


def save_draft(*, key, answers, by, at=None):
    """Keep a person's unfinished form under its key, replacing what they kept there before.

    Raises Draft.DoesNotExist where the key is another person's.
    """
    draft, created = Draft.objects.get_or_create(
        key=key, defaults={"user": by, "answers": answers, "saved_at": at or timezone.now()}
    )
    if draft.user_id != by.pk:
        raise Draft.DoesNotExist
    if not created:
        draft.answers, draft.saved_at = answers, at or timezone.now()
        draft.save(update_fields=["answers", "saved_at"])
    return draft


def discard_draft(*, key, by):
    """Drop a person's own draft; nothing happens where there is none."""
    Draft.objects.filter(key=key, user=by).delete()
