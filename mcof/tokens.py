"""How a reader of the API says who they are: with a token in the header."""

from hmac import compare_digest

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox import auth
from knox.crypto import hash_token
from knox.models import get_token_model
from knox.settings import CONSTANTS
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

HEADER = _("Send the token in a header: “Authorization: Token ” and the token, nothing else.")
REFUSED = _("This token is wrong, expired or revoked. The administrator of this site issues a new one.")


class TokenAuthentication(auth.TokenAuthentication):
    """The owner of the token in the header; nobody where there is no header.

    A header that is there and not understood is refused: who mistypes it must not get a visitor's empty list.
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
        return self.authenticate_credentials(token)

    def authenticate_credentials(self, token):
        """One query, and unlike knox's own no write: reading deletes no expired tokens."""
        known = get_token_model().objects.filter(
            Q(expiry=None) | Q(expiry__gt=timezone.now()),
            token_key=token[: CONSTANTS.TOKEN_KEY_LENGTH].replace("\0", ""),
            user__is_active=True,
        )
        for found in known.select_related("user"):
            if compare_digest(hash_token(token), found.digest):
                return found.user, found
        raise AuthenticationFailed(REFUSED)


class TokenScheme(KnoxTokenScheme):
    """How the token is described to readers of the schema."""

    target_class = TokenAuthentication
    name = "token"
