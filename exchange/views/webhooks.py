"""The webhooks of a person: made, tried, paused, renewed and removed by themselves, with a log of what was sent."""

import uuid
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crises.views.sent import SeeOther, sign_in_first, unsent
from exchange import delivering, signing
from exchange.forms import AS_IT_IS, WebhookForm
from exchange.models import Event, Webhook
from exchange.outbound import Trouble
from exchange.services import webhooks as services

SHOWN = 50  # deliveries of the log
SECOND_CLICK = timedelta(minutes=1)


def _own(request, uid):
    return get_object_or_404(Webhook.objects.filter(owner=request.user), uid=uid)


def _back(hook):
    return SeeOther(reverse("webhook", args=[hook.uid]))


# /account/webhooks/


@login_required
@require_safe
def webhook_list(request):
    """The webhooks of the reader. Three queries."""
    context = {"hooks": request.user.webhooks.all(), "most": services.MOST}
    return render(request, "exchange/webhooks.html", context)


# /account/webhooks/new/


@never_cache
@require_http_methods(["GET", "POST"])
def webhook_new(request):
    """Make a webhook and show its secret, this once."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    initial = {"key": uuid.uuid4(), "events": Event.values}
    form, status = WebhookForm(unsent(request), reader=request.user, initial=initial), 200
    if request.method == "POST":
        form, status = WebhookForm(request.POST, reader=request.user), 400
        if form.is_valid():
            try:
                hook, fresh = services.make_webhook(by=request.user, key=form.cleaned_data["key"], **form.answers)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                return _secret(request, hook) if fresh or _just_made(hook) else _back(hook)
    return render(request, "exchange/webhook_form.html", {"form": form}, status=status)


def _just_made(hook):
    """Whether a form that comes again is a second click, whose answer is the one that the person sees."""
    return hook.generation == 1 and timezone.now() - hook.made_at < SECOND_CLICK


def _secret(request, hook):
    """The secret of a webhook, to be copied: on the answer to the form that made it, and on no other page."""
    return render(request, "exchange/webhook_secret.html", {"hook": hook, "secret": signing.secret_of(hook)})


# /account/webhooks/<webhook>/


@login_required
@require_safe
def webhook(request, webhook):
    """How a webhook stands, what can be done with it, and what was sent. Five queries."""
    hook = _own(request, webhook)
    deliveries = list(hook.deliveries.all()[:SHOWN])
    now = timezone.now()
    context = {
        "hook": hook,
        "rows": [
            {"delivery": row, "event": Event(row.event).label if row.event in Event.values else _("Test"), **_went(row)}
            for row in deliveries
        ],
        "waiting": hook.deliveries.waiting().count(),
        "two_secrets": bool(hook.old_secret_until and now < hook.old_secret_until),
        "tries": delivering.TRIES,
        "days": delivering.KEPT.days,
        "shown": SHOWN,
    }
    return render(request, "exchange/webhook.html", context)


def _went(delivery):
    """What the last try of a delivery came to, in words."""
    return {"trouble": Trouble(delivery.trouble).label if delivery.trouble else ""}


# /account/webhooks/<webhook>/change/


@require_http_methods(["GET", "POST"])
def webhook_change(request, webhook):
    """Change where a webhook calls, and of what it tells."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    hook = _own(request, webhook)
    initial = {"key": hook.form_key, "name": hook.name, "url": hook.url, "events": hook.events}
    initial["view"] = AS_IT_IS if hook.filters else ""
    form, status = WebhookForm(unsent(request), reader=request.user, hook=hook, initial=initial), 200
    if request.method == "POST":
        form, status = WebhookForm(request.POST, reader=request.user, hook=hook), 400
        if form.is_valid():
            try:
                services.change_webhook(hook=hook, by=request.user, **form.answers)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                messages.success(request, _("The webhook “%(name)s” is changed.") % {"name": form.answers["name"]})
                return _back(hook)
    return render(request, "exchange/webhook_form.html", {"form": form, "hook": hook}, status=status)


# /account/webhooks/<webhook>/remove/


@require_http_methods(["GET", "POST"])
def webhook_remove(request, webhook):
    """Take a webhook away. Asks first."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    hook = _own(request, webhook)
    if request.method == "GET":
        return render(request, "exchange/webhook_remove.html", {"hook": hook})
    services.remove(hook=hook, by=request.user)
    messages.success(request, _("The webhook “%(name)s” is removed. It calls no more.") % {"name": hook.name})
    return SeeOther(reverse("webhook-list"))


# /account/webhooks/<webhook>/secret/


@never_cache
@require_http_methods(["GET", "POST"])
def webhook_secret(request, webhook):
    """Renew the secret of a webhook and show the new one, this once. Asks first."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    hook, wrong = _own(request, webhook), None
    if request.method == "POST":
        try:
            return _secret(request, services.renew_secret(hook=hook, by=request.user))
        except ValidationError as error:
            wrong = error.messages
    days = services.OLD_SECRET_GOOD_FOR.days
    context = {"hook": hook, "days": days, "wrong": wrong}
    return render(request, "exchange/webhook_renew.html", context, status=409 if wrong else 200)


# /account/webhooks/<webhook>/test/ and what else one button does


def _button(act, said):
    """A page that does one thing to a webhook of the reader's and goes back to it."""

    @require_POST
    def pressed(request, webhook):
        if not request.user.is_authenticated:
            return sign_in_first(request)
        hook = _own(request, webhook)
        act(hook=hook, by=request.user)
        messages.success(request, said)
        return _back(hook)

    return pressed


webhook_test = _button(
    services.try_out, _("A test is on its way. Open this page again in a moment to see how it went.")
)
webhook_pause = _button(services.pause, _("Paused. What happens meanwhile is told once it goes on."))
webhook_resume = _button(services.resume, _("It goes on where it stopped."))
webhook_one_secret = _button(services.end_old_secret, _("Calls are signed with the new secret alone."))


# /account/webhooks/<webhook>/<delivery>/replay/


@require_POST
def webhook_replay(request, webhook, delivery):
    """Send a delivery again."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    hook = _own(request, webhook)
    services.replay(delivery=get_object_or_404(hook.deliveries, uid=delivery), by=request.user)
    messages.success(request, _("It is on its way again, under the same number."))
    return _back(hook)
