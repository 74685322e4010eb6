"""Every write of ours to people and their tokens. Accounts, roles and offices themselves are kept in the admin."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from offices.models import Token, User

MOST = 20  # tokens of one person that work at a time: limits count by the token


class MadeBefore(Exception):
    """The form that asks for a token has made one already, `token`. What it was is shown once."""

    def __init__(self, token):
        super().__init__(token)
        self.token = token


@transaction.atomic
def issue_token(*, user, name, lasts, may_write=False, countries=None, by=None, form_key=None):
    """Make a token of the API for this person, who can use it for `lasts`. Returns (token, the token in plain text).

    With `may_write` it also changes what its owner may change; without, it only reads. A partner's only reads. With
    `countries` it shows, and changes, crises of these countries alone. `by` is who makes it, its owner unless told.
    Only the hash is kept: the plain text exists in this answer and nowhere else.
    Raises MadeBefore for a form that was sent before, and ValidationError.
    """
    # Two forms of one person wait for each other, and nothing else that this person does.
    user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)
    if form_key and (made := Token.objects.filter(user=user, form_key=form_key).first()):
        raise MadeBefore(made)
    codes = None if countries is None else sorted({getattr(country, "pk", country) for country in countries})
    Token(user=user, name=name, may_write=may_write, countries=codes).clean()
    if not Token.SHORTEST <= lasts <= Token.LONGEST:
        raise ValidationError(_("A token works for 1 to 365 days."))
    require_room(user)
    said = {"name": name, "may_write": may_write, "countries": codes, "form_key": form_key, "made_by": by or user}
    return Token.objects.create(user, expiry=lasts, **said)


def require_room(user):
    """Raise ValidationError where as many tokens of this person work as may."""
    if Token.objects.working().filter(user=user).count() >= MOST:
        words = _("%(most)s tokens of this account work already. Revoke one that is no longer needed first.")
        raise ValidationError(words % {"most": MOST})


def revoke_token(*, token, by, at=None):
    """Let a token open nothing from now on. It stays, with who revoked it and when. Answers whether it did so now.

    Raises PermissionDenied for everybody but its owner and the administrators of accounts.
    """
    if by.pk != token.user_id and not by.is_staff:
        raise PermissionDenied(_("Only the owner of a token and the administrators revoke it."))
    now = Token.objects.filter(pk=token.pk, revoked_at=None)
    return bool(now.update(revoked_at=at or timezone.now(), revoked_by=by))
