"""The tokens with which a person opens the API: made and revoked by themselves."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from crises.views.sent import SeeOther, sign_in_first, unsent
from exchange.forms import TokenForm
from offices import services
from offices.models import Token


def _own(user):
    return Token.objects.filter(user=user).select_related("made_by", "revoked_by").order_by("-created", "-pk")


@login_required
@require_safe
def token_list(request):
    """The tokens of the reader, those that work first. One query."""
    tokens = list(_own(request.user))
    context = {
        "working": [token for token in tokens if token.works],
        "ended": [token for token in tokens if not token.works],
        "partner": request.user.partner_id,
    }
    return render(request, "exchange/tokens.html", context)


@sensitive_variables("key")
@never_cache
@require_http_methods(["GET", "POST"])
def token_new(request):
    """Make a token and show it, this once: it is in no address, no session and no database."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    partner = bool(request.user.partner_id)
    form, status = TokenForm(unsent(request), partner=partner, initial={"key": uuid.uuid4()}), 200
    if request.method == "POST":
        form, status = TokenForm(request.POST, partner=partner), 400
        if form.is_valid():
            try:
                token, key = services.issue_token(user=request.user, **form.answers)
            except services.MadeBefore as made:
                return _made_before(request, made.token)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                root = request.build_absolute_uri(reverse("api-landing"))
                return render(request, "exchange/token_made.html", {"token": token, "key": key, "root": root})
    return render(request, "exchange/token_form.html", {"form": form, "partner": partner}, status=status)


def _made_before(request, token):
    words = _(
        "The token “%(name)s” was made once, and it is shown once. If you did not copy it, revoke it and make another."
    )
    messages.info(request, words % {"name": token.name})
    return SeeOther(reverse("token-list"))


@require_http_methods(["GET", "POST"])
def token_revoke(request, number):
    """Ask once more, then revoke a token of the reader's own; 404 for any other."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    token = get_object_or_404(_own(request.user), pk=number)
    if request.method == "GET":
        return render(request, "exchange/token_revoke.html", {"token": token})
    if services.revoke_token(token=token, by=request.user):
        messages.success(
            request, _("The token “%(name)s” is revoked. It opens nothing any more.") % {"name": token.name}
        )
    else:
        messages.info(request, _("The token “%(name)s” had been revoked already.") % {"name": token.name})
    return SeeOther(reverse("token-list"))
