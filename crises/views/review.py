"""The review of a crisis: everything that is reviewed on one page, and its steps."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crises import reviewing, services
from crises.forms.facts import QUESTION
from crises.forms.review import ReviewForm
from crises.listing import in_force, levels
from crises.models import Review
from crises.services.rights import RIGHTS
from crises.views.scope import inside, seen_crisis
from crises.views.sent import SeeOther, sign_in_first, unsent

Kind = Review.Kind
RIGHT = {Kind.SENT: "edit", Kind.APPROVED: "review", Kind.SENT_BACK: "review"}
SERVICES = {Kind.APPROVED: services.approve, Kind.SENT_BACK: services.send_back}
WITHOUT_COMMENT = {"ended_on"}  # set by closing, which is a decision of its own
LISTS = ("phases", "figures", "activities")


# /crises/<reference>/review/


@require_http_methods(["GET", "HEAD", "POST"])
def review_page(request, reference):
    """Check what the crisis says, then send it to review, approve it or send it back."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    crisis = _crisis(request, reference)
    if not inside(request.user):
        raise PermissionDenied(_("Reviews are for the staff of the organisation."))
    if request.method == "POST":
        return _take(request, crisis)
    sheet = reviewing.sheet_of(crisis)
    kept = unsent(request)
    if kept:
        messages.info(request, _("What you wrote is kept. Check it and send it."))
    return _page(request, crisis, sheet, _form(crisis, sheet, kept))


def _crisis(request, reference):
    crisis = seen_crisis(request, reference, **reviewing.columns(), **levels())
    crisis.level, crisis.inter_agency = in_force(crisis)
    return crisis


def _acts(crisis):
    """The steps open to this reader from where the review stands."""
    return [
        kind
        for kind in Kind
        if getattr(crisis, f"may_{RIGHT[kind]}")
        and crisis.review in Review.MOVES[kind]
        and not (kind == Kind.APPROVED and crisis.authored)
    ]


def _form(crisis, sheet, data=None):
    targets = {fact.field: {"field": fact.field} for fact in sheet.facts if fact.field not in WITHOUT_COMMENT}
    targets |= {name: {"field": name} for name in LISTS}
    for _phase, _period, cells in sheet.sections:
        targets |= {_name(cell): {"sector": cell.sector, "phase": cell.phase} for cell in cells}
    judges = crisis.may_review if data else Kind.SENT_BACK in _acts(crisis)  # what was typed stays
    return ReviewForm(data, crisis=crisis, targets=targets if judges else {})


def _name(cell):
    return f"{cell.sector.code}-{cell.phase.slug}"


def _take(request, crisis):
    """Take one step, once however often it is sent; what was typed stays until it is taken."""
    act = request.POST.get("act")
    right = RIGHT.get(act) or ("edit" if crisis.may_edit else "review")
    if not getattr(crisis, f"may_{right}"):
        raise PermissionDenied(RIGHTS[right][1])
    seen = request.POST.get("seen", "")
    sheet = reviewing.sheet_of(crisis, seen=int(seen) if seen.isdecimal() and len(seen) < 19 else None)
    form = _form(crisis, sheet, request.POST)
    if not form.is_valid():
        return _page(request, crisis, sheet, form, status=400)
    try:
        outcome = _step(request, crisis, form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error.messages)
        return _page(request, crisis, sheet, form, status=400)
    except PermissionDenied as refusal:
        form.add_error(None, str(refusal))
        return _page(request, crisis, sheet, form, status=403)
    except services.Stale:
        return _changed_meanwhile(request, crisis, form.cleaned_data["seen"])
    except services.KeyReused:
        form.add_error(None, _("This form was sent before with other answers. What was sent first stands."))
        form.again(crisis)
        return _page(request, crisis, sheet, form, status=422)
    if outcome.fresh:
        messages.success(request, _done(act, len(form.cleaned_data["comments"])))
    else:
        messages.info(request, _("This had already been received. It was saved once."))
    return SeeOther(reverse("crisis", args=[crisis.reference]))


def _step(request, crisis, said):
    step = {"crisis": crisis, "by": request.user, "note": said["note"], "key": said["key"]}
    if said["act"] == Kind.SENT:
        return services.send_to_review(**step)
    return SERVICES[said["act"]](seen=said["seen"], comments=said["comments"], **step)


def _changed_meanwhile(request, crisis, seen):
    """Nothing is approved: the page as it stands now, what changed since the reader looked first, their words kept."""
    crisis = _crisis(request, crisis.reference)
    sheet = reviewing.sheet_of(crisis, seen=seen)
    form = _form(crisis, sheet, request.POST)
    form.again(crisis)
    return _page(request, crisis, sheet, form, stale=True, status=409)


def _done(act, comments):
    return {
        Kind.SENT: _("Sent to review. The office's lead, the regional office or HQ checks it."),
        Kind.APPROVED: _("Approved."),
        Kind.SENT_BACK: _("Sent back. The office sees what you asked for."),
    }[act]


def _page(request, crisis, sheet, form, *, stale=False, status=200):
    """Ten queries at most: session, reader, crisis, and the sheet (6, or 7 where something changed)."""
    said = {}
    for comment in sheet.last_said:
        said.setdefault(comment.about, []).append(comment)

    def row(name, **what):
        return {"name": name, "said": said.get(name, []), "comment": form.on(name) if name else None, **what}

    changed = {difference.fact.field: difference for difference in sheet.differences}
    context = {
        "crisis": crisis,
        "sheet": sheet,
        "plan": sheet.plan,
        "form": form,
        "acts": _acts(crisis),
        "stale": stale,
        "whole": said.get("", []),
        "facts": [
            row(
                "" if fact.field in WITHOUT_COMMENT else fact.field,
                fact=fact,
                difference=changed.get(fact.field),
                anchor=f"#id_{QUESTION.get(fact.field, fact.field)}",
            )
            for fact in sheet.facts
        ],
        "sections": [
            (phase, period, [row(_name(cell), cell=cell, new=sheet.new(cell.entry)) for cell in cells])
            for phase, period, cells in sheet.sections
        ],
        "figures": [{"figure": figure, "new": sheet.new(figure)} for figure in sheet.figures],
        "lines": [{"line": line, "new": sheet.new(line)} for line in sheet.lines],
        "on": {name: row(name) for name in LISTS},
        "may_change": crisis.may_edit and crisis.is_open,
        "inside": True,
    }
    return render(request, "crises/review.html", context, status=status)
