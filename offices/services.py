"""Every write of ours to people and their keys. Accounts, roles and offices themselves are kept in the admin."""

from offices.models import Token


def issue_token(*, user, name, lasts, may_write=False):
    """Make a key to the API for this person, who can use it for `lasts`. Returns (token, the key in plain text).

    With `may_write` it also changes what its owner may change; without, it only reads. A partner's only reads.
    Only the hash is kept: the plain text exists in this answer and nowhere else.
    """
    return Token.objects.create(user, expiry=lasts, name=name, may_write=may_write)
