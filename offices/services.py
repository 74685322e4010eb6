"""Every write of ours to people and their keys. Accounts, roles and offices themselves are kept in the admin."""

from offices.models import Token


def issue_token(*, user, name, lasts):
    """Make a key to the API for this person, who can use it for `lasts`. Returns (token, the key in plain text).

    Only the hash is kept: the plain text exists in this answer and nowhere else.
    """
    return Token.objects.create(user, expiry=lasts, name=name)
