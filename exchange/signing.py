"""How a webhook's call is signed, so that its receiver can tell it from anybody else's.

The secret of a webhook is not stored anywhere: it is worked out of the site's own key, the webhook's number and how
often it was renewed. Who reads the database, or a copy of it, can sign nothing.
"""

import base64
import hashlib
import hmac

from django.conf import settings
from django.utils.crypto import salted_hmac

PREFIX = "whsec_"


def secret_of(webhook, generation=None, key=None):
    """The secret of a webhook; of an earlier generation, or under an earlier key of the site, where told."""
    told = f"{webhook.uid}.{generation or webhook.generation}"
    digest = salted_hmac("exchange.webhooks", told, secret=key or settings.SECRET_KEY, algorithm="sha256").digest()
    return PREFIX + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def secrets_of(webhook, now):
    """Every secret that is good now, the newest first: while it is renewed, and while the site's key is, the old ones
    are as well."""
    generations = [webhook.generation]
    if webhook.old_secret_until and now < webhook.old_secret_until:
        generations.append(webhook.generation - 1)
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [secret_of(webhook, generation, key) for generation in generations for key in keys]


def signature(body, timestamp, secrets):
    """What the header Mcof-Signature says of a body: when, and one signature for each secret."""
    signed = f"{timestamp}.".encode() + body
    signatures = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={one}" for one in signatures)])
