"""Asking offices for an update and assigning crises: what will happen to each first, then the write."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.http import QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from crises import services
from crises.forms.oversight import AskForm, AssignForm
from crises.models import Assignment, Crisis, UpdateRequest
from crises.models.requests import overseen_by
from crises.oversight import MOST, Carers, asking, assigning
from crises.services.rights import RIGHTS
from crises.views.hq import address
from crises.views.scope import seen_crisis
from crises.views.sent import SeeOther, sign_in_first, unsent
from crises.views.then import wrong_address
from crises.views.worklist import OVERSEES, Asked, queues, read


@dataclass(frozen=True)
class Choice:
    """The crises that a reader chose, in a queue or one by one, as far as they see them now; and what they sent."""

    asked: Asked
    answers: QueryDict | None
    crises: list
    lost: int  # how many of those chosen are not to be seen

    @property
    def back(self):
        """Where the reader came from."""
        if "queue" not in self.asked.filter.data and len(self.crises) == 1:
            return reverse("crisis", args=[self.crises[0].reference])
        return address("worklist", self.asked.filter, all=None, to=None)

    @property
    def again(self):
        """The query of this page without what was chosen: that stands in the form."""
        return self.asked.filter.query(all=None, to=None)


def _choice(request, *allowed):
    """What was chosen, or the answer that refuses it."""
    asked = read(request, "all", *allowed)
    if not asked.roles & OVERSEES:
        raise PermissionDenied(RIGHTS["oversee"][1])
    problems = asked.problems
    if not problems and asked.filter.value("as_of"):
        problems = {"as_of": [_("This is done now, not as of a past moment. Take “as_of” out of the address.")]}
    if problems:
        return wrong_address(request, problems)
    answers = request.POST if request.method == "POST" else unsent(request)
    keys = _chosen_keys(request, asked, answers)
    if len(keys) > MOST:
        words = _("At most %(most)s crises at once. Narrow the list with its filters and do it in parts.")
        return wrong_address(request, {"chosen": [words % {"most": MOST}]})
    crises = Crisis.objects.visible_to(request.user).exclude(status=Crisis.Status.MERGED)
    known = crises.select_related("main_country", "office__parent").in_bulk(keys, field_name="reference")
    choice = Choice(asked, answers, [known[key] for key in keys if key in known], len(keys) - len(known))
    if not choice.crises:
        messages.error(request, _("Choose at least one crisis that you may see."))
        return SeeOther(choice.back)
    return choice


def _chosen_keys(request, asked, answers):
    """The references that were chosen, each once, in the order of the queue."""
    if answers is not None:
        chosen = answers.getlist("chosen")
    elif request.GET.get("all"):
        queue = queues(request, asked).queue(asked.queue)
        chosen = [item.reference for item in queue.items()] if queue else []
    else:
        chosen = [key.partition(".")[0] for key in asked.chosen]
    return list(dict.fromkeys(chosen))


def _refused(form, error):
    """Put on the form what a service refused, and answer the status of the page."""
    if isinstance(error, services.KeyReused):
        form.add_error(None, _("This form was sent before with other answers. What was sent first stands."))
        return 422
    form.add_error(None, error)
    return 400


# /worklist/ask/


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request):
    """Ask the offices of the chosen crises for an update: what will happen to each, a note, and the request."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    choice = _choice(request)
    if not isinstance(choice, Choice):
        return choice
    form, status = AskForm(choice.answers), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                done = services.ask_for_update(crises=choice.crises, by=request.user, **form.cleaned_data)
            except (ValidationError, services.KeyReused) as error:
                status = _refused(form, error)
            else:
                failed = services.mail_requests(done.rows, site=request.build_absolute_uri("/"))
                _say_asked(request, done, failed)
                return SeeOther(choice.back)
    prospects = asking(choice.crises, by=request.user)
    context = {"choice": choice, "form": form, "prospects": prospects, "n": sum(one.happens for one in prospects)}
    return render(request, "crises/ask.html", context, status=status)


def _say_asked(request, done, failed):
    n = len(done.rows)
    if not done.fresh:
        messages.info(request, _("This had already been received. It was saved once."))
    elif not n:
        messages.info(request, _("Nobody was asked: somebody else has asked in the meantime, or nobody is there."))
    else:
        asked = ngettext("Asked for an update about %(n)s crisis.", "Asked for an update about %(n)s crises.", n)
        messages.success(request, f"{asked % {'n': n}} {_('For ten minutes you can withdraw it.')}")
    _say_failed(request, failed)


def _say_failed(request, failed):
    if failed:
        words = ngettext(
            "Of %(n)s crisis nobody was told by mail. Its row and its page say why, and can send the mail again.",
            "Of %(n)s crises nobody was told by mail. Their rows and pages say why, and can send the mail again.",
            failed,
        )
        messages.warning(request, words % {"n": failed})


# /worklist/assign/


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request):
    """Say who looks after the chosen crises: choose a person, see what will happen to each, and save it.

    `shown` is the person of whom the page said so.
    """
    if not request.user.is_authenticated:
        return sign_in_first(request)
    choice = _choice(request, "to")
    if not isinstance(choice, Choice):
        return choice
    people = {person.username: person for person in Carers(choice.crises).people}
    asked = (choice.answers if choice.answers is not None else request.GET).get("to")
    if asked and asked not in people:
        words = _("“%(to)s” is neither an HQ reviewer nor a regional officer above one of these offices.")
        return wrong_address(request, {"to": [words % {"to": asked}]})
    if asked is None:
        asked = request.user.username if request.user.username in people else next(iter(people), "")
    to = people.get(asked)
    form, status = AssignForm(choice.answers), 200
    # What is saved is what the page said would happen: to another person it says it first.
    if request.method == "POST" and "look" not in request.POST and request.POST.get("shown", asked) == asked:
        status = 400
        if form.is_valid():
            try:
                done = services.assign(crises=choice.crises, to=to, by=request.user, **form.cleaned_data)
            except (ValidationError, services.KeyReused) as error:
                status = _refused(form, error)
            else:
                failed = services.mail_assignments(done.rows, site=request.build_absolute_uri("/"))
                _say_assigned(request, done, to, failed)
                return SeeOther(choice.back)
    elif request.method == "POST" and "look" not in request.POST:
        messages.info(request, _("Nothing is saved yet: you chose somebody else. This is what will happen then."))
    prospects = assigning(choice.crises, to=to, by=request.user)
    context = {
        "choice": choice,
        "form": form,
        "prospects": prospects,
        "n": sum(one.happens for one in prospects),
        "people": people,
        "to": to,
    }
    return render(request, "crises/assign.html", context, status=status)


def _say_assigned(request, done, to, failed):
    words = {"to": to, "n": len(done.rows) or done.ended}
    if not done.fresh:
        messages.info(request, _("This had already been received. It was saved once."))
    elif not words["n"]:
        messages.info(request, _("Nothing has changed: it was so already."))
    elif to:
        assigned = ngettext("%(n)s crisis is assigned to %(to)s.", "%(n)s crises are assigned to %(to)s.", words["n"])
        messages.success(request, assigned % words)
    else:
        messages.success(
            request,
            ngettext("%(n)s crisis is assigned to nobody.", "%(n)s crises are assigned to nobody.", words["n"]) % words,
        )
    _say_failed(request, failed)


# /crises/<reference>/request/


def _overseen(request, reference):
    crisis = seen_crisis(request, reference)
    if not Crisis.objects.filter(overseen_by(request.user), pk=crisis.pk).exists():
        raise PermissionDenied(RIGHTS["oversee"][1])
    return crisis


def _back(request, reference):
    """The page on which a button was pressed, as the form says; the crisis where it does not."""
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return SeeOther(back)
    return SeeOther(reverse("crisis", args=[reference]))


@require_POST
def withdraw(request, reference):
    """Take back the request that waits at a crisis: who made it, for ten minutes."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = _overseen(request, reference)
    made = UpdateRequest.objects.standing().filter(crisis=crisis).first()
    if made is None:
        messages.info(request, _("No request waits for an answer here any more."))
        return _back(request, reference)
    try:
        services.withdraw_request(asked=made, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        words = _("The request about %(crisis)s is withdrawn.") % {"crisis": crisis}
        sent = _("The mail about it had gone out already.") if made.emailed_at else ""
        messages.success(request, f"{words} {sent}".strip())
    return _back(request, reference)


@require_POST
def mail_again(request, reference):
    """Send again what nobody was told of by mail: the request that waits at a crisis, and who looks after it."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis, site = _overseen(request, reference), request.build_absolute_uri("/")
    made = list(UpdateRequest.objects.standing().filter(crisis=crisis, emailed_at=None))
    given = list(Assignment.objects.at().filter(crisis=crisis, emailed_at=None).exclude(assignee=F("assigned_by")))
    failed = services.mail_requests(made, site=site) + services.mail_assignments(given, site=site)
    if failed:
        _say_failed(request, failed)
    elif made or given:
        messages.success(request, _("The mail about %(crisis)s is sent.") % {"crisis": crisis})
    else:
        messages.info(request, _("There is no mail to send about %(crisis)s.") % {"crisis": crisis})
    return _back(request, reference)
