"""Logging a crisis, changing its facts, and unfinished forms."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from crises import plan, services
from crises.duplicates import alike
from crises.forms.facts import QUESTION, EditForm, LogForm, in_words
from crises.models import Crisis, Draft, Figure, PhasePeriod
from crises.reviewing import asked, to_answer
from crises.services.facts import facts_as_known
from crises.views.scope import allowed
from crises.views.sent import SeeOther, sign_in_first, unsent
from offices.models import Office, Role
from sectors import reference
from sectors.models import Edition

NOT_ANSWERS = {"csrfmiddlewaretoken", "key", "draft", "again", "take", "why_distinct", "distinct_from"}


def at_time(moment):
    return f"{moment:%H:%M} UTC"


# /crises/new/


@require_http_methods(["GET", "HEAD", "POST"])
def log_crisis(request):
    """The form that logs a crisis: one page, exactly one crisis for one submission."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    offices = Office.objects.reached_by(request.user, Role.FIELD, Role.LEAD)
    shape = {
        "offices": list(offices),
        "phases": reference.content(Edition.objects.current().pk).phases,
    }
    if not shape["offices"]:
        raise PermissionDenied(
            _("You need to be a field officer or lead of an office to log a crisis. The office's lead grants that.")
        )
    if request.method != "POST":
        return _opened_log_page(request, shape)
    if "draft" in request.POST:
        return _save_draft(request)
    if "again" in request.POST:
        return _log_page(request, LogForm.as_left(request.POST, **shape), request.POST.get("key"))

    form = LogForm(request.POST, **shape)
    if not form.is_valid():
        return _log_page(request, form, request.POST.get("key"), status=400)
    said = form.cleaned_data
    like = _unseen_alike(request.user, form)
    # What is alike may be this very submission, received a moment ago: the service answers that.
    if like and not request.user.receipts.filter(key=said["key"]).exists():
        return _duplicates_page(request, said, like)
    try:
        outcome = services.log_crisis(
            by=request.user,
            key=said["key"],
            office=said["office"],
            phases=dict.fromkeys(said["phases"]),
            figure=form.figure,
            sharing=said["sharing"],
            distinct_from=said["distinct_from"].split(),
            why_distinct=said["why_distinct"],
            **form.facts,
        )
    except ValidationError as error:
        form.refuse(error)
        return _log_page(request, form, said["key"], status=400)
    except services.KeyReused as reused:
        return _both_versions_page(request, form, reused.receipt)
    messages.success(request, _received(outcome.crisis))
    return _let_go(request, SeeOther(reverse("crisis", args=[outcome.crisis.reference])), said["key"])


def _opened_log_page(request, shape):
    """The form as first shown: empty, or from a draft. What waited behind the sign-in becomes a draft."""
    if answers := unsent(request):
        draft = _kept_draft(request.user, answers)
        messages.info(request, _("Your answers are kept. Check them and save."))
        return SeeOther(f"{reverse('crisis-log')}?draft={draft.key}")
    if "draft" in request.GET:
        draft = get_object_or_404(Draft, key=_uuid(request.GET["draft"]), user=request.user)
        form = LogForm.as_left(QueryDict(draft.answers), **shape)
        return _log_page(request, form, draft.key, saved_at=draft.saved_at)
    [office, *others] = shape["offices"]
    known = {} if others else {"office": office.slug, "main_country": office.country_id}
    return _log_page(request, LogForm(initial=known, **shape), fresh=True)


def _log_page(request, form, key=None, *, status=200, fresh=False, saved_at=None):
    context = {"form": form, "key": _uuid(key) or uuid.uuid4(), "fresh": fresh, "saved_at": saved_at}
    return render(request, "crises/log.html", context, status=status)


def _uuid(text):
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def _save_draft(request):
    draft = _kept_draft(request.user, request.POST.copy())
    messages.success(request, _("Draft saved %(time)s.") % {"time": at_time(draft.saved_at)})
    return SeeOther(f"{reverse('crisis-log')}?draft={draft.key}")


def _kept_draft(user, answers):
    key = _uuid(answers.get("key")) or uuid.uuid4()
    kept = QueryDict(mutable=True)
    for name in answers.keys() - {"csrfmiddlewaretoken", "draft"}:
        kept.setlist(name, answers.getlist(name))
    try:
        return services.save_draft(key=key, answers=kept.urlencode(), by=user)
    except Draft.DoesNotExist:  # the number is of another person's draft, met on a shared machine
        return services.save_draft(key=uuid.uuid4(), answers=kept.urlencode(), by=user)


def _unseen_alike(user, form):
    """Crises alike to the one described that the person has not yet said, with a reason, it is not."""
    facts, said = form.facts, form.cleaned_data
    told = ("title", "main_country", "cause", "started_on", "start_precision", "glide")
    known_to_differ = said["distinct_from"].split() if said["why_distinct"] else ()
    like = alike(user, **{name: facts[name] for name in told})
    return [crisis for crisis in like if crisis.reference not in known_to_differ]


def _duplicates_page(request, said, like):
    seen = {*said["distinct_from"].split(), *(crisis.reference for crisis in like)}
    context = {
        "like": like,
        "key": said["key"],
        "answers": _answers(request.POST),
        "distinct_from": " ".join(sorted(seen)),
        "why_distinct": said["why_distinct"],
        "missing": bool(said["distinct_from"]) and not said["why_distinct"],
    }
    return render(request, "crises/duplicates.html", context, status=400 if context["missing"] else 200)


def _answers(post):
    """What was typed, to be carried on by another form of ours."""
    return [(name, value) for name in post if name not in NOT_ANSWERS for value in post.getlist(name)]


def _both_versions_page(request, form, receipt):
    """One number, two contents: what was received first beside what came now. Nothing is stored."""
    crisis, said = receipt.crisis, form.cleaned_data
    first = crisis.history.last()
    phases = PhasePeriod.history.filter(crisis=crisis, history_date=crisis.logged_at).select_related("phase")
    figure = crisis.figures.filter(recorded_at=crisis.logged_at).first()
    now = {name: getattr(value, "pk", value) for name, value in form.facts.items()} | {"other_countries": []}
    received, sent = in_words(facts_as_known(first)), in_words(now)
    pairs = {name: (words, sent[name][1]) for name, (_label, words) in received.items()} | {
        "phases": (", ".join(str(period.phase) for period in phases), ", ".join(map(str, said["phases"]))),
        "people": (_figure_in_words(figure), _figure_in_words(form.figure and Figure(**form.figure))),
        "office": (str(first.office), str(said["office"])),
        "sharing": (first.get_sharing_display(), Crisis.Sharing(said["sharing"]).label),
    }
    rows = [(field.label, *pairs[name]) for name, field in form.fields.items() if name in pairs]
    context = {"receipt": receipt, "rows": rows, "answers": _answers(request.POST), "key": uuid.uuid4()}
    return render(request, "crises/key_reused.html", context, status=422)


def _figure_in_words(figure):
    if not figure:
        return _("No answer")
    return f"{figure.value}, {figure.get_source_kind_display()}, {figure.as_of_spoken}"


def _received(crisis):
    gaps = crisis.gaps.filter(opened_at=crisis.logged_at).count()
    words = {"reference": crisis.reference, "time": at_time(crisis.logged_at), "n": gaps}
    receipt = _("Crisis %(reference)s received %(time)s.") % words
    if not gaps:
        return receipt
    not_active = ngettext("%(n)s critical sector is not active.", "%(n)s critical sectors are not active.", gaps)
    return f"{receipt} {not_active % words}"


def _let_go(request, response, form_name):
    """Tell the next page which copies on the device have arrived and may go (mcof/static/draft.js)."""
    arrived = [*filter(None, request.COOKIES.get("received", "").split(".")), str(form_name)]
    response.set_cookie(
        "received", ".".join(arrived[-20:]), max_age=timedelta(days=30), secure=settings.HTTPS, samesite="Lax"
    )
    return response


# /drafts/


@login_required
def draft_list(request):
    """Own drafts, and the receipts of the last 30 days. Two queries."""
    drafts = [
        {"key": draft.key, "title": QueryDict(draft.answers).get("title", "").strip(), "saved_at": draft.saved_at}
        for draft in request.user.drafts.all()
    ]
    receipts = request.user.receipts.filter(
        received_at__gte=timezone.now() - timedelta(days=30), crisis__in=Crisis.objects.visible_to(request.user)
    )
    context = {"drafts": drafts, "receipts": receipts.select_related("crisis").order_by("-received_at", "-pk")[:200]}
    return render(request, "crises/drafts.html", context)


@login_required
@require_POST
def discard_draft(request, key):
    get_object_or_404(Draft, key=key, user=request.user)
    services.discard_draft(key=key, by=request.user)
    messages.success(request, _("The draft is discarded."))
    return _let_go(request, SeeOther(reverse("draft-list")), key)


# /crises/<reference>/edit/


@require_http_methods(["GET", "HEAD", "POST"])
def edit_facts(request, reference):
    """Change what is known of a crisis; the plan follows and the page says what changed."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "edit", **asked(request.user))
    if request.method != "POST":
        return _opened_edit_page(request, crisis)

    form, revision = EditForm(request.POST), _revision(request.POST)
    if not form.is_valid():
        return _edit_page(request, crisis, form, revision, status=400)
    theirs_stay = set(request.POST.getlist("take"))  # chosen on the page that shows a clash
    facts = {name: value for name, value in form.facts.items() if QUESTION.get(name, name) not in theirs_stay}
    try:
        outcome = services.update_facts(crisis=crisis, by=request.user, revision=revision, **facts)
    except ValidationError as error:
        form.refuse(error)
        return _edit_page(request, crisis, form, revision, status=400)
    except services.Stale as clash:
        return _clash_page(request, clash, form, revision)
    for sentence in what_followed(outcome, revision):
        messages.success(request, sentence)
    return _let_go(request, SeeOther(reverse("crisis", args=[reference])), f"{reference}-edit")


def _opened_edit_page(request, crisis):
    if not crisis.is_open:
        messages.error(request, _("This crisis is closed. Its office's lead can reopen it."))
        return SeeOther(reverse("crisis", args=[crisis.reference]))
    if answers := unsent(request):
        messages.info(request, _("Your answers are kept. Check them and save."))
        return _edit_page(request, crisis, EditForm.as_left(answers), _revision(answers))
    form = EditForm(initial=EditForm.initial_of(crisis))
    return _edit_page(request, crisis, form, crisis.facts_revision, said=_said(crisis, form), fresh=True)


def _edit_page(request, crisis, form, revision, *, status=200, **more):
    context = {"crisis": crisis, "form": form, "revision": revision, **more}
    return render(request, "crises/edit.html", context, status=status)


def _said(crisis, form):
    """The comments from review on the questions of the form: (the field, the comment)."""
    fields = {comment: QUESTION.get(comment.field, comment.field) for comment in to_answer(crisis)}
    return [(form[name], comment) for comment, name in fields.items() if name in form.fields]


def _revision(post):
    try:
        return int(post.get("revision", ""))
    except ValueError:
        return 0  # no revision is 0, so everything is compared


def _clash_page(request, clash, form, revision):
    """Somebody else gave another answer to the same question: both are shown, and what was typed stays.

    What only they changed is shown as they set it, and the form takes the new revision: saving again is a decision.
    """
    crisis = clash.current
    now, mine = in_words(facts_as_known(crisis)), {QUESTION.get(name, name) for name in clash.mine}
    told = {name: getattr(value, "pk", value) for name, value in form.facts.items()}
    told["other_countries"] = sorted(country.pk for country in told["other_countries"])
    typed = in_words(told)
    shown, theirs = EditForm.as_left(request.POST), EditForm.initial_of(crisis)
    typed_here = mine | {"started_unknown"} if "started" in mine else mine
    shown.initial.update({name: value for name, value in theirs.items() if name not in typed_here})
    clashes = [
        {"field": shown[name], "theirs": now[name][1], "yours": typed[name][1]}
        for name in shown.fields
        if name in {QUESTION.get(fact, fact) for fact in clash.fields}
    ]
    changes = facts_since(crisis, revision)
    return _edit_page(request, crisis, shown, crisis.facts_revision, status=409, changes=changes, clashes=clashes)


def facts_since(crisis, revision):
    """The changes of a crisis's facts after that revision: by whom, when, which names and questions. One query."""
    return [
        {
            "by": row.history_user,
            "at": row.history_date,
            "names": set(row.history_change_reason["fields"]),
            "what": _labels(row.history_change_reason["fields"]),
        }
        for row in crisis.history.filter(facts_revision__gt=revision).select_related("history_user")
        if row.history_change_reason["event"] == "facts"
    ]


def _labels(names):
    questions = {QUESTION.get(name, name) for name in names}
    labels = [field.label for name, field in EditForm.base_fields.items() if name in questions]
    return ", ".join(_("“%(question)s”") % {"question": label} for label in labels)


def what_followed(outcome, revision):
    """What a change of facts did to the plan, and what others changed meanwhile, in sentences."""
    sentences = [_("The facts are saved.") if outcome.changed else _("Nothing was changed.")]
    sentences += [_priority_change(was, now, outcome.crisis) for was, now in outcome.cells]
    if n := len(outcome.closed):
        sentences.append(ngettext("%(n)s gap closed.", "%(n)s gaps closed.", n) % {"n": n})
    if n := len(outcome.opened):
        sentences.append(ngettext("%(n)s gap opened.", "%(n)s gaps opened.", n) % {"n": n})
    for change in facts_since(outcome.crisis, revision) if outcome.kept else ():
        if stays := change["names"] & set(outcome.kept):
            words = {"by": change["by"], "at": date_format(change["at"], "j M Y, H:i"), "questions": _labels(stays)}
            sentences.append(_("%(by)s changed %(questions)s meanwhile, on %(at)s UTC; that answer stays.") % words)
    return sentences


def _priority_change(was, now, crisis):
    """A cell's new priority, and the fact that decided it."""
    fact = now.row.condition
    why = {True: plan.HOLDS[fact], False: plan.FAILS[fact]}.get(
        getattr(crisis, fact), _("it is not known yet whether %(fact)s") % {"fact": plan.HOLDS[fact]}
    )
    return _("%(sector)s, %(phase)s: now %(now)s (was %(was)s), because %(why)s.") % {
        "sector": now.sector.short_name,
        "phase": now.phase.short_name.lower(),
        "now": now.priority_label.lower(),
        "was": was.priority_label.lower(),
        "why": why,
    }
