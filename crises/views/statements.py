"""What is said of a crisis with a source and a date: lines of work (figures: figures.py, levels: levels.py)."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crises import services
from crises.forms.statements import ActivityForm, WithdrawForm
from crises.models import Figure
from crises.views.scope import allowed
from crises.views.sent import SeeOther, sign_in_first, unsent
from sectors import reference as framework

RECEIVED = SeeOther.status_code


@require_http_methods(["GET", "POST"])
def add_activity(request, reference):
    """Add a line of work with its money."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "edit")
    form = form_for(request, crisis, ActivityForm)
    status = receive(request, form, services.add_activity, _("The line of work is added."), crisis=crisis)
    if status == RECEIVED:
        return SeeOther(reverse("crisis", args=[reference]) + "#work")
    return render(request, "crises/activity_form.html", {"crisis": crisis, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
def withdraw_activity(request, reference, number):
    """Withdraw a line of work that is wrong, and say what is wrong with it."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "edit")
    return withdraw(
        request,
        crisis,
        get_object_or_404(crisis.activities, pk=number),
        done=_("The line of work is withdrawn. It no longer counts."),
        back=reverse("crisis", args=[reference]) + "#work",
    )


def withdraw(request, crisis, statement, *, done, back):
    """Ask why a statement of this crisis is withdrawn, and withdraw it."""
    statement.crisis = crisis
    if statement.withdrawn_at and request.method == "GET":
        messages.info(request, _("This has been withdrawn already."))
        return SeeOther(back)
    form = form_for(request, crisis, WithdrawForm)
    status = receive(request, form, services.withdraw_statement, done, statement=statement)
    if status == RECEIVED:
        return SeeOther(back)
    name = "figure" if isinstance(statement, Figure) else "activity"
    context = {"crisis": crisis, "form": form, name: statement, "inside": True, "back": back}
    return render(request, "crises/withdraw.html", context, status=status)


def form_for(request, crisis, form_class):
    """The form as sent, as kept while its writer signed in again, or new."""
    sectors = framework.content(crisis.edition_id).sectors
    if request.method == "POST":
        return form_class(request.POST, sectors=sectors)
    if kept := unsent(request):
        messages.info(request, _("What you wrote is kept. Check it and save."))
    return form_class(kept, sectors=sectors)


def receive(request, form, service, done, **of):
    """Save what was sent, once however often it is sent; `of` is what the service takes beside the answers.

    Answers RECEIVED, or the status of the page that asks again.
    """
    if request.method != "POST":
        return 200
    if not form.is_valid():
        if "key" in form.errors:
            form.take_new_key()
        return 400
    try:
        outcome = service(by=request.user, **of, **form.values)
    except ValidationError as error:
        form.add_error(None, error)
        return 400
    except services.KeyReused as reused:
        form.add_error(None, _sent_before(reused.receipt))
        form.take_new_key()
        return 422
    if outcome.fresh:
        messages.success(request, done)
    else:
        messages.info(request, _("This had already been received. It was saved once."))
    return RECEIVED


def _sent_before(receipt):
    return _(
        "This form was received at %(time)s UTC with other answers, and those are saved. "
        "If these are to be added too, save again."
    ) % {"time": f"{receipt.received_at:%H:%M}"}
