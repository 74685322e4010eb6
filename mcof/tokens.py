"""How a reader of the API says who they are: with a token in the header."""

from hmac import compare_digest

from django.utils.translation import gettext_lazy as _
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox import auth
from knox.crypto import hash_token
from knox.models import get_token_model
from knox.settings import CONSTANTS
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS

HEADER = _("Send the token in a header: “Authorization: Token ” and the token, nothing else.")
REFUSED = _("This token is wrong, expired or revoked. Make a new one at /account/tokens/.")
READS = _("This token only reads. Make one that may change at /account/tokens/. Partners only read.")


class TokenAuthentication(auth.TokenAuthentication):
    """The owner of the token in the header, who reaches what the token reaches; nobody where there is no header.

    A header that is there and not understood is refused: who mistypes it must not get a visitor's empty list. So is
    every change with a token that only reads, whatever the address.
    """

    def authenticate(self, request):
        header = get_authorization_header(request).split()
        if not header:
            return None
        try:
            scheme, token = (part.decode("ascii") for part in header)
        except ValueError:  # not two words, or not letters
            raise AuthenticationFailed(HEADER) from None
        if scheme.lower() != self.authenticate_header(request).lower():
            raise AuthenticationFailed(HEADER)
        user, found = self.authenticate_credentials(token)
        get_token_model().objects.note_use(found)
        view = request.parser_context["view"]
        if request.method not in SAFE_METHODS and not found.writes and hasattr(view, request.method.lower()):
            raise PermissionDenied(READS)
        return user, found

    def authenticate_credentials(self, token):
        """One query, and unlike knox's own no write: reading deletes no expired tokens."""
        for found in get_token_model().with_key(token[: CONSTANTS.TOKEN_KEY_LENGTH].replace("\0", "")):
            if found.works and compare_digest(hash_token(token), found.digest):
                return found.bearer, found
        raise AuthenticationFailed(REFUSED)


class TokenScheme(KnoxTokenScheme):
    """How the token is described to readers of the schema."""

    target_class = TokenAuthentication
    name = "token"
