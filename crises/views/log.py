"""Logging a crisis, changing its facts, and unfinished forms."""

import uuid
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from crises import services
from crises.duplicates import alike
from crises.forms.facts import EditForm, LogForm
from crises.models import Crisis, Draft
from offices.models import Office, Role
from sectors.models import Edition, Phase

KEPT = "answers kept while signing in"


@require_http_methods(["GET", "POST"])
def log_crisis(request):
    """The form that logs a crisis: one page, exactly one crisis for one submission."""
    if not request.user.is_authenticated:
        # The session ended while somebody was writing: what they sent waits for them behind the sign-in.
        if request.method == "POST":
            request.session[KEPT] = request.POST.urlencode()
        return redirect_to_login(reverse("crisis-log"))
    offices = Office.objects.reached_by(request.user, Role.FIELD, Role.LEAD).select_related("country")
    phases = Phase.objects.filter(framework=Edition.objects.current().framework)
    shape = {"offices": offices, "phases": phases}
    if request.method == "GET":
        return _form_page(request, _opened_form(request, shape))

    form = LogForm(request.POST, **shape)
    if "draft" in request.POST:
        return _save_draft(request, form)
    if "again" in request.POST or not form.is_valid():
        return _form_page(request, form, status=200 if "again" in request.POST else 400)
    said = form.cleaned_data
    like = alike(
        request.user,
        **{name: form.facts[name] for name in ("main_country", "cause", "started_on", "start_precision", "glide")},
    )
    received = request.user.receipts.filter(key=said["key"]).exists()
    if like and not said["why_distinct"] and not received:
        return render(
            request,
            "crises/duplicates.html",
            {"like": like, "answers": _answers(request.POST), "missing": "distinct_from" in request.POST},
            status=400 if "new" in request.POST else 200,
        )
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
        return _form_page(request, form, status=400)
    except services.KeyReused as reused:
        return render(
            request,
            "crises/key_reused.html",
            {"receipt": reused.receipt, "form": form, "answers": _answers(request.POST), "key": uuid.uuid4()},
            status=422,
        )
    request.session.pop(KEPT, None)
    if outcome.fresh:
        messages.success(request, _received(outcome))
    else:
        messages.info(request, _("This had already been received. It was logged once."))
    return redirect(f"{reverse('crisis', args=[outcome.crisis.reference])}?received={said['key']}")


def _opened_form(request, shape):
    """The form as first shown: empty, from a draft, or with the answers kept while signing in."""
    if kept := request.session.pop(KEPT, None):
        messages.info(request, _("Your answers are kept. Check them and save."))
        return LogForm(QueryDict(kept), **shape)
    if key := request.GET.get("draft"):
        draft = get_object_or_404(Draft, key=_uuid(key), user=request.user)
        form = LogForm(QueryDict(draft.answers), **shape)
        form.saved_at = draft.saved_at
        return form
    only = next(iter(shape["offices"]), None)
    return LogForm(
        initial={
            "key": uuid.uuid4(),
            "office": only,
            "main_country": only.country_id if only else None,
            "sharing": Crisis.Sharing.STAFF,
            "onset": "",
        },
        **shape,
    )


def _uuid(text):
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _form_page(request, form, status=200):
    if not form.offices:
        raise PermissionDenied(
            _("You need to be a field officer or lead of an office to log a crisis. The office's lead grants that.")
        )
    opened = request.method == "GET"
    # A form that was only brought back is shown as it was left, not as if it had been sent with mistakes.
    return render(request, "crises/log.html", {"form": form, "quiet": opened or "again" in request.POST}, status=status)


def _answers(post):
    """What was posted, but for what belongs to the one request, to be carried on by another form."""
    left_out = {"csrfmiddlewaretoken", "key", "new", "again", "draft", "why_distinct", "distinct_from"}
    return [(name, value) for name in post if name not in left_out for value in post.getlist(name)]


def _received(outcome):
    crisis, n = outcome.crisis, len(outcome.opened)
    time = date_format(timezone.localtime(crisis.logged_at), "H:i")
    receipt = _("Crisis %(reference)s received %(time)s UTC.") % {"reference": crisis.reference, "time": time}
    gaps = ngettext("%(n)s critical sector is not active.", "%(n)s critical sectors are not active.", n) % {"n": n}
    return f"{receipt} {gaps}" if n else receipt


def _save_draft(request, form):
    key = _uuid(request.POST.get("key", "")) or uuid.uuid4()
    answers = request.POST.copy()
    for name in ("csrfmiddlewaretoken", "draft"):
        answers.pop(name, None)
    answers["key"] = str(key)
    try:
        draft = services.save_draft(key=key, answers=answers.urlencode(), by=request.user)
    except Draft.DoesNotExist:
        return _form_page(request, form, status=400)
    time = date_format(timezone.localtime(draft.saved_at), "H:i")
    messages.success(request, _("Draft saved %(time)s UTC. You find it again under Crises.") % {"time": time})
    return redirect(f"{reverse('crisis-log')}?draft={key}")


@login_required
def draft_list(request):
    """Own drafts, and the receipts of the last 30 days."""
    since = timezone.now() - timedelta(days=30)
    drafts = [
        {"key": draft.key, "title": QueryDict(draft.answers).get("title", ""), "saved_at": draft.saved_at}
        for draft in request.user.drafts.all()
    ]
    receipts = request.user.receipts.filter(received_at__gte=since, crisis__isnull=False)
    return render(
        request,
        "crises/drafts.html",
        {"drafts": drafts, "receipts": receipts.select_related("crisis").order_by("-received_at")},
    )


@login_required
@require_POST
def discard_draft(request, key):
    get_object_or_404(Draft, key=key, user=request.user)
    services.discard_draft(key=key, by=request.user)
    messages.success(request, _("The draft is discarded."))
    return redirect("draft-list")


@login_required
@require_http_methods(["GET", "POST"])
def edit_facts(request, reference):
    """Change what is known of a crisis; the plan follows and the page says what changed."""
    seen = Crisis.objects.visible_to(request.user).with_rights(request.user).select_related("main_country", "office")
    crisis = get_object_or_404(seen, reference=reference)
    if not crisis.may_edit:
        raise PermissionDenied(
            _("You need to be a field officer or lead of this crisis's office. The office's lead grants that.")
        )
    revision, stale = crisis.facts_revision, None
    form = EditForm(request.POST or None, initial=EditForm.initial_of(crisis))
    if request.method == "POST" and form.is_valid():
        try:
            outcome = services.update_facts(
                crisis=crisis, by=request.user, revision=_revision(request.POST), **form.facts
            )
        except ValidationError as error:
            form.refuse(error)
        except services.Stale as refusal:
            stale, revision = _theirs(refusal, form), refusal.current.facts_revision
        else:
            for line in _what_followed(outcome, form):
                messages.success(request, line)
            return redirect("crisis", reference=reference)
    elif request.method == "POST":
        revision = _revision(request.POST)
    status = 409 if stale else 400 if request.method == "POST" else 200
    context = {"crisis": crisis, "form": form, "revision": revision, "stale": stale}
    return render(request, "crises/edit.html", context, status=status)


def _revision(post):
    try:
        return int(post.get("revision", ""))
    except ValueError:
        return 0


def _theirs(refusal, form):
    """For a clash: each field with what stands now; the form keeps what was typed."""
    crisis = refusal.current
    shown = EditForm(initial=EditForm.initial_of(crisis))
    asked = {"started_on": "started", "start_precision": "started"}
    names = dict.fromkeys(asked.get(name, name) for name in refusal.fields)
    return {
        "by": crisis.updated_by,
        "at": crisis.history.filter(facts_revision=crisis.facts_revision).last().history_date,
        "fields": [{"field": form[name], "now": _words(crisis, name)} for name in names if name in shown.fields],
    }


def _words(crisis, name):
    """A fact as a person reads it."""
    if name == "started":
        return crisis.started or _("Not known yet")
    if name == "groups":
        return ", ".join(str(label) for label in crisis.group_labels) or _("Not known yet")
    if name == "other_countries":
        return ", ".join(str(country) for country in crisis.other_countries.all()) or _("None")
    value = getattr(crisis, f"get_{name}_display", lambda: getattr(crisis, name))()
    return {True: _("Yes"), False: _("No"), None: _("Not known yet"), "": _("Nothing")}.get(value, value)


def _what_followed(outcome, form):
    """What a change of facts did to the plan, in sentences."""
    lines = [_("Saved.")]
    for was, now in outcome.cells:
        lines.append(
            _("%(sector)s, %(phase)s, was %(was)s and is now %(now)s. %(because)s")
            % {
                "sector": now.sector.short_name,
                "phase": now.phase.short_name.lower(),
                "was": was.priority_label.lower(),
                "now": now.priority_label.lower(),
                "because": now.because,
            }
        )
    if outcome.closed:
        n = len(outcome.closed)
        lines.append(ngettext("%(n)s gap is closed.", "%(n)s gaps are closed.", n) % {"n": n})
    if outcome.opened:
        n = len(outcome.opened)
        lines.append(ngettext("%(n)s gap has opened.", "%(n)s gaps have opened.", n) % {"n": n})
    for name in outcome.kept:
        if name in form.fields:
            lines.append(
                _("Somebody else changed “%(field)s” meanwhile; their answer stays.")
                % {"field": form.fields[name].label}
            )
    return lines
