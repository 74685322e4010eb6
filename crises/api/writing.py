"""What every change in the API has in common: who may make one, and how what the services refuse is answered."""

from contextlib import contextmanager

from django.core.exceptions import PermissionDenied as Missing
from django.core.exceptions import ValidationError as Wrong
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotAuthenticated, NotFound, PermissionDenied, ValidationError

from crises import services
from crises.api.conditions import Refused, key_of
from crises.models import Crisis
from crises.services.rights import RIGHTS

RETRY_AFTER = 1  # seconds
KEY = OpenApiParameter(
    "Idempotency-Key", location="header", description="A UUID: the same change sent again is made once."
)
NEW_KEY = OpenApiParameter(
    "Idempotency-Key",
    location="header",
    required=True,
    description="A UUID, new for each thing that is made. Sent again with the same content it makes nothing and "
    "answers the same; with other content it is refused.",
)
IF_MATCH = OpenApiParameter(
    "If-Match", location="header", required=True, description="The ETag of what you read and are about to change."
)
SERVICES_SAY = {  # what the services name otherwise
    "own_priority": "priority",
    "main_country": "country",
    "started_on": "started",
    "start_precision": "started",
    "ended_on": "ended",
    "end_precision": "ended",
    "as_of_precision": "as_of",
    "entered_on": "periods",
    "phases": "periods",
    "__all__": "body",
}


def require_writer(request):
    """Raise what answers 401 to nobody, and 403 to a token that only reads, as every partner's does."""
    if not request.user.is_authenticated:
        raise NotAuthenticated
    if request.auth is not None and not (request.auth.may_write and not request.user.partner_id):
        raise PermissionDenied(_("This token only reads. The administrator of this site issues one that may change."))


def refuse_parameters(request):
    """A change takes no parameter. Raises ValidationError that names those sent."""
    words = _("There is no parameter “%(name)s” here. This address takes none.")
    if request.query_params:
        raise ValidationError({name: [words % {"name": name}] for name in request.query_params})


def seen_with(right, request, reference):
    """The crisis, where this reader may see it and has the right (edit, close): else 404, or 403 that names it."""
    crises = Crisis.objects.visible_to(request.user).with_rights(request.user)
    crisis = crises.filter(reference=reference).first()
    if crisis is None:
        raise NotFound
    if not getattr(crisis, f"may_{right}"):
        raise PermissionDenied(RIGHTS[right][1])
    return crisis


def needed_key(request):
    """The Idempotency-Key of something that is made. Raises ValidationError where there is none."""
    key = key_of(request)
    if key is None:
        words = _("Send a UUID in the header Idempotency-Key, new for each thing that you make.")
        raise ValidationError({"Idempotency-Key": [words]})
    return key


def told(serializer_class, request, **options):
    """What was sent, cleaned. Raises ValidationError that names each field by its path."""
    if not isinstance(request.data, dict):
        raise ValidationError({"body": [_("Send a JSON object.")]})
    said = serializer_class(data=request.data, **options)
    said.is_valid(raise_exception=True)
    return said.validated_data


def _as_sent(name):
    """The path of a field as the API names it: own_priority is priority, and so is cells.3.own_priority."""
    *above, last = name.split(".")
    last = SERVICES_SAY.get(last, last)
    return ".".join(above) if above and last == "body" else ".".join([*above, last])


@contextmanager
def refusals(stale=None):
    """What the services refuse, in the statuses of HTTP. `stale` makes the answer where somebody was first."""
    try:
        yield
    except Missing as error:
        raise PermissionDenied(str(error)) from None
    except Wrong as error:
        if not hasattr(error, "error_dict"):
            raise Refused(409, " ".join(error.messages)) from None
        named = {}
        for name, lines in error.message_dict.items():
            named.setdefault(_as_sent(name), []).extend(lines)
        raise ValidationError(named) from None
    except services.KeyReused:
        raise Refused(422) from None
    except services.InFlight:
        words = _("The same is being received just now. Send it again in a moment: it is made once.")
        raise Refused(409, words, kind="in-flight", wait=RETRY_AFTER) from None
    except services.Stale as error:
        if stale is None:
            raise
        raise stale(error.current) from None
