"""The contacts of a country: add, change and remove whom to coordinate with."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from crises import services
from crises.forms.contacts import ChangeContactForm, NewContactForm, RemoveContactForm
from crises.models import Contact, Crisis
from crises.models.contacts import kept_by
from crises.views.sent import SeeOther, sign_in_first, unsent
from sectors import reference

AGAIN = gettext_lazy(
    "This form was received before with other answers, and those are saved. If these are meant, save again."
)


def _back(request, contact=None):
    """Where the writer came from: the sheet of the crisis that the address names and they may see, or else the page
    of the system or cluster."""
    named = request.GET.get("crisis", "").replace("\0", "")
    if crisis := Crisis.objects.visible_to(request.user).filter(reference=named).first():
        return reverse("coordination", args=[crisis.reference]) + (f"#{contact.partner.slug}" if contact else "")
    if contact is None:
        return reverse("system-list")
    return reverse("system" if contact.system_id else "cluster", args=[contact.partner.slug])


# /contacts/new/


@require_http_methods(["GET", "POST"])
def add(request):
    """Record whom to coordinate with for a system, cluster or group in a country that the writer keeps."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    countries = list(kept_by(request.user).order_by("name"))
    if not countries:
        raise PermissionDenied(_("You need to be a field officer, lead or regional officer of an office, or from HQ."))
    offered = {"countries": countries, "content": reference.current()}
    if request.method == "GET":
        initial = {name: request.GET[name] for name in ("country", "partner") if name in request.GET}
        form = NewContactForm(unsent(request), initial=initial | {"key": uuid.uuid4()}, **offered)
        return render(request, "crises/contact_form.html", {"form": form, "back": _back(request)})
    form = NewContactForm(request.POST, **offered)
    status = 400
    if form.is_valid():
        try:
            kept = services.add_contact(by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        except services.KeyReused:
            form.add_error(None, AGAIN)
            form.take_new_key()
            status = 422
        else:
            _say(request, kept, _("The contact is added."))
            return SeeOther(_back(request, kept.contact))
    return render(request, "crises/contact_form.html", {"form": form, "back": _back(request)}, status=status)


def _say(request, kept, done):
    if kept.fresh:
        messages.success(request, done)
    else:
        messages.info(request, _("This had already been received. It was saved once."))


# /contacts/<uid>/


def _contact(request, uid, *, removed_too=False):
    """A contact the reader may see and change. 404 otherwise; 403 for who may only see it."""
    visible = Contact.objects.visible_to(request.user)
    visible = visible.select_related("country", "system", "cluster", "updated_by")
    contact = get_object_or_404(visible if removed_too else visible.current(), uid=uid)
    services.require_keeper(contact.country, request.user)
    return contact


@require_http_methods(["GET", "POST"])
def change(request, uid):
    """Change what is said of a contact."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    contact = _contact(request, uid)
    said = {name: getattr(contact, name) for name in (*ChangeContactForm.ANSWERS, "revision")}
    if request.method == "GET":
        form = ChangeContactForm(unsent(request), initial=said | {"key": uuid.uuid4()})
        context = {"form": form, "contact": contact, "back": _back(request, contact)}
        return render(request, "crises/contact_form.html", context)
    form, clash, status = ChangeContactForm(request.POST), None, 400
    if form.is_valid():
        try:
            kept = services.change_contact(contact=contact, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        except services.Stale as stale:
            form, clash, status = _clash(request, stale.current, form), stale.current, 409
        except services.KeyReused:
            form.add_error(None, AGAIN)
            form.take_new_key()
            status = 422
        else:
            _say(request, kept, _("The contact is saved."))
            return SeeOther(_back(request, contact))
    return render(
        request, "crises/contact_form.html", {"form": form, "contact": contact, "clash": clash}, status=status
    )


def _clash(request, current, form):
    """What was typed, with the number of what stands now: saving again is a decision. Each answer says what stands."""
    answers = request.POST.copy()
    answers["revision"], answers["key"] = str(current.revision), str(uuid.uuid4())
    shown = ChangeContactForm(answers)
    for name in ChangeContactForm.ANSWERS:
        if (now := getattr(current, name)) != form.cleaned_data[name]:
            shown.fields[name].help_text = _("Now: %(now)s") % {"now": now or _("nothing")}
    return shown


# /contacts/<uid>/remove/


@require_http_methods(["GET", "POST"])
def remove(request, uid):
    """Take a contact off the lists; what it said stays in the history."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    contact = _contact(request, uid, removed_too=request.method == "POST")  # a second click is told, not refused
    form, status = RemoveContactForm(initial={"revision": contact.revision, "key": uuid.uuid4()}), 200
    if request.method == "POST":
        sent, status = RemoveContactForm(request.POST), 400
        if sent.is_valid():
            try:
                kept = services.remove_contact(contact=contact, by=request.user, **sent.cleaned_data)
            except services.Stale:
                messages.warning(request, _("Somebody else changed this contact. Look again before you remove it."))
                status = 409
            except ValidationError as error:
                messages.warning(request, " ".join(error.messages))
            else:
                _say(request, kept, _("The contact is removed."))
                return SeeOther(_back(request, contact))
    context = {"contact": contact, "form": form, "back": _back(request, contact)}
    return render(request, "crises/contact_remove.html", context, status=status)
