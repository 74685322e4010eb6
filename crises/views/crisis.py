"""One crisis: its page, its phases, its end and who can see it."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Case, F, Value, When
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from crises import rebase, services
from crises.forms.lifecycle import CloseForm, PhaseForm, ReopenForm, SharingForm
from crises.known import facts_in_words
from crises.listing import in_force, levels
from crises.models import Crisis, PlanCell
from crises.models.crisis import newest_edition
from crises.models.requests import overseen_by
from crises.money import by_currency, lines_of
from crises.next_steps import next_steps
from crises.reading import headline, plan_of
from crises.reviewing import asked, to_answer
from crises.series import figures_of
from crises.services.oversight import withdrawable
from crises.services.rights import RIGHTS
from crises.timeline import timeline
from crises.views.figures import series_address
from crises.views.scope import allowed, gone, inside, readers, seen_crises, seen_crisis
from crises.views.sent import SeeOther, sign_in_first, unsent
from crises.views.then import as_of, stood
from crises.worklist import with_oversight

RECENT = 20


# /crises/<reference>/


@readers
@as_of
@require_safe
def crisis_page(request, reference, then=None):
    """Where a crisis stands: its state, what to do next, key figures, gaps, facts and what happened.

    Ten queries for staff, however much there is to show: session, reader, crisis with levels and countries,
    plan (4), figures, lines of work, history. Two more for the past: the crisis and its countries then.
    """
    crisis, other_countries = _crisis_and_countries(request, reference, then)
    at = then and then.at
    plan, own = plan_of(crisis, as_of=at), inside(request.user)
    figures = figures_of(crisis, at)
    changes = timeline(crisis, RECENT, reader=request.user, as_of=at) if own else []
    return render(
        request,
        "crises/crisis.html",
        {
            "crisis": crisis,
            "then": then,
            "inside": own,
            "plan": plan,
            "ahead": rebase.ahead(crisis, plan) if own and not then else None,
            "steps": [] if then else next_steps(crisis, plan, figures),
            "headline": _with_histories(crisis, headline(figures), then),
            "figures": len(figures),
            "strips": [
                (period.phase, [cell for cell in plan.cells if cell.phase == period.phase])
                for period in plan.open_periods
            ],
            "facts": facts_in_words(crisis, other_countries, own=own),
            "money": by_currency(lines_of(crisis, at)),
            "readers": _readers_in_words(crisis),
            "may_share": not then and _may_share(crisis),
            "changes": changes,
            **({} if then else _oversight(crisis, request.user)),
        },
    )


def _crisis_and_countries(request, reference, then):
    """The crisis with the levels in force, and the names of its other countries. One query: a row for each country.

    Two more for the past, where both are those of then.
    """
    crises = seen_crises(request)
    if inside(request.user):
        may_oversee = Case(When(overseen_by(request.user), then=Value(True)), default=False)
        crises = with_oversight(crises.annotate(may_oversee=may_oversee))
    rows = list(
        crises.with_family(request.user)
        .filter(reference=reference)
        .annotate(
            newest_edition=newest_edition(),
            other_country=F("other_countries__name"),
            **levels(then and then.at),
            **asked(request.user),
        )
        .order_by("other_country")
    )
    if not rows:
        raise gone(request, reference)
    crisis = rows[0]
    crisis.level, crisis.inter_agency = in_force(crisis)
    crisis.to_answer = to_answer(crisis)
    if then:
        crisis = stood(request, crisis, then)
        names = crisis.past.other_countries.order_by("country__name")
        return crisis, list(names.values_list("country__name", flat=True))
    return crisis, [row.other_country for row in rows if row.other_country]


def _oversight(crisis, user):
    """What was asked of the office of a crisis, who looks after it, and what this reader can do about it."""
    made = getattr(crisis, "update_request", None)
    return {
        "made": made,
        "given": getattr(crisis, "assignment", None),
        "oversees": getattr(crisis, "may_oversee", False),
        "withdrawable": made and withdrawable(made, user),
    }


def _with_histories(crisis, figures, then):
    """These figures, each with the address of its history in `over_time`."""
    for figure in figures:
        figure.over_time = series_address(crisis, figure, figure.sector_codes, then)
    return figures


def _readers_in_words(crisis):
    """Who can see the crisis, as its sharing says."""
    words = {"office": crisis.office, "country": crisis.main_country}
    readers = [_("Staff of %(office)s and of the offices above it, and HQ") % words]
    if crisis.sharing != Crisis.Sharing.OFFICE:
        readers.append(_("Staff of the other offices of the region, while the crisis is open"))
    outside = crisis.sharing in (Crisis.Sharing.PARTNERS, Crisis.Sharing.PUBLIC)
    if outside:
        readers.append(_("Partner organisations whose agreement names %(country)s") % words)
    if crisis.sharing == Crisis.Sharing.PUBLIC:
        readers.append(_("Anybody") if settings.PUBLIC_CRISES else _("Anybody, once this site publishes crises"))
    if outside and not crisis.approved_at:
        readers.append(_("Nobody outside the organisation yet: they see it once it is approved"))
    return readers


# /crises/<reference>/phases/


@login_required
@require_http_methods(["GET", "POST"])
def phases(request, reference):
    """The phases the crisis has been in, and what the plan needs in each; enter or leave one."""
    crisis = allowed(request, reference, "edit")
    plan = plan_of(crisis)
    sent = None
    if request.method == "POST":
        phase = plan.content.phase(request.POST.get("phase"))
        if phase is None:
            raise Http404
        sent = PhaseForm(request.POST, phase=phase, leaves="leave" in request.POST)
        if sent.is_valid() and (done := _move(request, crisis, plan, phase, sent)):
            return done
    context = {
        "crisis": crisis,
        "rows": [_phase_row(plan, phase, sent) for phase in plan.content.phases],
        "form": sent,
    }
    return render(request, "crises/phases.html", context, status=400 if sent else 200)


def _move(request, crisis, plan, phase, form):
    """Enter or leave a phase. None where the service refuses, with the reason on the form."""
    words, then = {"phase": phase.short_name}, reverse("crisis-phases", args=[crisis.reference])
    leaves, day = form.leaves, form.cleaned_data["day"]
    if leaves != any(period.phase == phase for period in plan.open_periods):  # a double click, or somebody was faster
        already = _("The crisis is not in the phase “%(phase)s”.") if leaves else _in_it_already()
        messages.info(request, already % words)
        return SeeOther(then)
    try:
        if leaves:
            outcome = services.close_phase(crisis=crisis, phase=phase, by=request.user, left_on=day)
        else:
            outcome = services.open_phase(crisis=crisis, phase=phase, by=request.user, entered_on=day)
    except ValidationError as error:
        form.refuse(error)
        return None
    if leaves:
        done, n = _("The crisis has left the phase “%(phase)s”."), len(outcome.closed)
        follows = ngettext("%(n)s gap has ended.", "%(n)s gaps have ended.", n)
    else:
        done, n = _("The crisis is in the phase “%(phase)s”."), len(outcome.opened)
        follows = ngettext("%(n)s gap has opened.", "%(n)s gaps have opened.", n)
    messages.success(request, f"{done % words} {follows % {'n': n}}" if n else done % words)
    return SeeOther(then)


def _in_it_already():
    return _("The crisis is in the phase “%(phase)s” already.")


def _phase_row(plan, phase, sent):
    """A phase: its periods, and what entering or leaving it would mean for the plan."""
    cells = [cell for cell in plan.cells if cell.phase == phase]
    critical = [cell for cell in cells if cell.priority == "critical"]
    now = any(period.phase == phase for period in plan.open_periods)
    form = sent if sent and sent.phase == phase else PhaseForm(phase=phase, leaves=now)
    return {
        "phase": phase,
        "now": now,
        "only": now and len(plan.open_periods) == 1,
        "periods": [period for period in plan.periods if period.phase == phase],
        "critical": len(critical),
        "gaps": sum(cell.gap for cell in cells),
        "missing": sum(cell.status not in PlanCell.MET for cell in critical),
        "form": form,
    }


# /crises/<reference>/close/, /reopen/, /sharing/


@require_http_methods(["GET", "POST"])
def close(request, reference):
    """Close a crisis: the office lead's decision."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = allowed(request, reference, "close")
    back = reverse("crisis", args=[reference])
    if not crisis.is_open:
        messages.info(request, _("This crisis is closed already."))
        return SeeOther(back)
    form = CloseForm(request.POST if request.method == "POST" else unsent(request))
    if request.method == "POST" and form.is_valid():
        try:
            outcome = services.close_crisis(crisis=crisis, by=request.user, **form.values)
        except ValidationError as error:
            form.refuse(error)
        else:
            n = len(outcome.closed)
            ended = ngettext("%(n)s gap has ended with it.", "%(n)s gaps have ended with it.", n) % {"n": n}
            messages.success(request, f"{_('The crisis is closed.')} {ended}" if n else _("The crisis is closed."))
            return SeeOther(back)
    context = {"crisis": crisis, "form": form, "gaps": sum(cell.gap for cell in plan_of(crisis).cells)}
    return render(request, "crises/close.html", context, status=400 if request.method == "POST" else 200)


@login_required
@require_http_methods(["GET", "POST"])
def reopen(request, reference):
    """Open a closed crisis again: the office lead's decision."""
    crisis = allowed(request, reference, "close")
    back = reverse("crisis", args=[reference])
    if crisis.is_open:
        messages.info(request, _("This crisis is open already."))
        return SeeOther(back)
    form = ReopenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            outcome = services.reopen_crisis(crisis=crisis, by=request.user, why=form.cleaned_data["why"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            n = len(outcome.opened)
            opened = ngettext("%(n)s gap has opened.", "%(n)s gaps have opened.", n) % {"n": n}
            messages.success(request, f"{_('The crisis is open again.')} {opened}" if n else _("It is open again."))
            return SeeOther(back)
    context = {"crisis": crisis, "form": form}
    return render(request, "crises/reopen.html", context, status=400 if request.method == "POST" else 200)


@login_required
@require_http_methods(["GET", "POST"])
def sharing(request, reference):
    """Change who can see a crisis: the office among staff, HQ also outside."""
    crisis = seen_crisis(request, reference)
    offered = _may_share(crisis)
    if not offered:
        raise PermissionDenied(RIGHTS["decide" if crisis.may_edit else "edit"][1])
    form = SharingForm(request.POST if request.method == "POST" else None, offered=offered, now=crisis.sharing)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["sharing"]
        if chosen == crisis.sharing:
            messages.info(request, _("Nothing has changed: the same people can see the crisis."))
        else:
            services.share_crisis(crisis=crisis, sharing=chosen, by=request.user)
            messages.success(request, _("Changed. %(readers)s") % {"readers": SharingForm.MEANINGS[chosen]})
        return SeeOther(reverse("crisis", args=[reference]))
    context = {"crisis": crisis, "form": form}
    return render(request, "crises/sharing.html", context, status=400 if request.method == "POST" else 200)


def _may_share(crisis):
    """The choices open to this reader, the present one among them; empty where there is nothing to choose."""
    rights = {"edit": crisis.may_edit, "decide": crisis.may_decide}
    now = crisis.sharing
    offered = [one for one in Crisis.Sharing if one == now or rights[services.right_to_share(now, one)]]
    return offered if len(offered) > 1 else []
