"""Pages on which headquarters writes the next edition of the framework, compares it and publishes it.

They stand here because publishing counts the crises that keep the older edition.
"""

from functools import wraps

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crises.models import Crisis
from crises.views.sent import SeeOther, sign_in_first, unsent
from sectors import reference, services
from sectors.comparison import compare
from sectors.forms import LinkForm, NewTieForm, NoteForm, PriorityForm, TieForm
from sectors.models import Complementarity, Edition, Framework

TIED = Complementarity.ABOUT
NEW = "new"  # what the form of a complementarity that is not said yet is called


def revisers(view):
    """Hands the view the draft with this number, for who writes it. 404 for everybody else; a published edition is
    shown as it is."""

    @wraps(view)
    def guarded(request, framework, number, **more):
        if not request.user.is_authenticated:
            return sign_in_first(request)
        if not services.may_revise(request.user):
            raise Http404
        editions = Edition.objects.select_related("framework")
        edition = get_object_or_404(editions, framework__slug=framework, number=number)
        if edition.is_draft:
            return view(request, edition, **more)
        messages.info(request, _("This edition is published. A published edition never changes."))
        return SeeOther(_page_of(edition))

    return guarded


def _page_of(edition, name="edition", **more):
    return reverse(name, kwargs={"framework": edition.framework.slug, "number": edition.number, **more})


# /matrix/editions/<framework>/draft/


@require_POST
def make(request, framework):
    """Copy the newest edition into a draft, or go to the draft there is."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    services.require_reviser(request.user)
    draft = services.make_draft(framework=get_object_or_404(Framework, slug=framework), by=request.user)
    return SeeOther(_page_of(draft))


# /matrix/editions/<framework>/<number>/cells/<sector>/<phase>/


@require_http_methods(["GET", "POST"])
@revisers
def cell(request, draft, sector, phase):
    """What the draft says of a sector in a phase: its priority, the fact it depends on, and why."""
    content = reference.of(draft)
    sector, phase = _found(content.sector(sector)), _found(content.phase(phase))
    row = content.priorities[sector.pk, phase.pk]

    def save(said):
        services.change_priority(edition=draft, sector=sector, phase=phase, by=request.user, **said)

    form, status, clash = _sent(request, PriorityForm, PriorityForm.of(row), save)
    if status == 303:
        messages.success(request, _("%(cell)s: saved.") % {"cell": f"{sector.name}, {phase.short_name.lower()}"})
        return SeeOther(f"{_page_of(draft)}#s{sector.number}")
    context = {"edition": draft, "sector": sector, "phase": phase, "row": row, "form": form, "clash": clash}
    return render(request, "sectors/draft_cell.html", context, status=status)


def _found(row):
    if row is None:
        raise Http404
    return row


def _sent(request, kind, fresh, save, **more):
    """The form to show, the status to answer with (303 where it is saved), and what stands where somebody was faster.

    What was typed stays in the form until it is saved; where it was stale it takes the new number: to save again is a
    decision.
    """
    if request.method == "GET":
        return (kind(answers, **more), 200, None) if (answers := unsent(request)) else (fresh, 200, None)
    form = kind(request.POST, **more)
    if not form.is_valid():
        return form, 400, None
    try:
        save(form.cleaned_data)
    except ValidationError as error:
        form.refuse(error)
        return form, 400, None
    except services.Stale as stale:
        answers = request.POST.copy()
        answers["revision"] = str(stale.current.revision if stale.current else 0)
        return kind(answers, **more), 409, {"now": stale.current}
    return form, 303, None


# /matrix/editions/<framework>/<number>/links/<sector>/


@require_http_methods(["GET", "POST"])
@revisers
def links(request, draft, sector):
    """Whom the draft links a sector to: each system, cluster and group with a form of its own."""
    content = reference.of(draft)
    sector = _found(content.sector(sector))
    known = {link.target: link for link in content.links_of(sector)}
    targets = {f"{row._meta.model_name}:{row.slug}": row for row in (*content.systems, *content.clusters)}
    asked = request.POST.get("target") if request.method == "POST" else ""
    if request.method == "POST" and asked not in targets:
        raise Http404

    def save(said):
        services.change_link(edition=draft, sector=sector, target=targets[asked], by=request.user, **said)

    sent, status, clash = _sent(request, LinkForm, None, save)
    if status == 303:
        messages.success(
            request, _("%(sector)s and %(target)s: saved.") % {"sector": sector.name, "target": targets[asked]}
        )
        return SeeOther(f"{_page_of(draft, 'edition-links', sector=sector.code)}#{asked.replace(':', '-')}")
    asked = asked or (sent and sent.data.get("target"))
    rows = [
        {
            "target": target,
            "code": code,
            "anchor": code.replace(":", "-"),
            "link": known.get(target),
            "form": _named(sent, code) if sent and code == asked else _named(LinkForm.of(known.get(target)), code),
            "clash": clash if code == asked else None,
        }
        for code, target in targets.items()
    ]
    context = {"edition": draft, "sector": sector, "rows": rows, "form": sent, "clash": clash}
    return render(request, "sectors/draft_links.html", context, status=status)


def _named(form, code):
    """The form with ids of its own: a page has many."""
    form.auto_id = f"id_{code.replace(':', '-')}_%s"
    return form


# /matrix/editions/<framework>/<number>/complementarities/


@require_http_methods(["GET", "POST"])
@revisers
def ties(request, draft):
    """How the draft says that sectors help one another: each with a form of its own, and one for another."""
    content = reference.of(draft)
    rows = {str(row.pk): row for row in content.complementarities}
    asked = request.POST.get("tie", "")
    if request.method == "POST" and asked != NEW and asked not in rows:
        messages.info(request, _("Somebody else has taken this away in the meantime."))
        return SeeOther(_page_of(draft, "edition-ties"))

    def save(said):
        ends = _ends(content, said) if asked == NEW else {name: getattr(rows[asked], name) for name in TIED}
        said = {name: said[name] for name in ("how", "symmetric", "reason", "paragraph", "revision")}
        services.change_complementarity(edition=draft, by=request.user, **ends, **said)

    kind, more = (NewTieForm, {"content": content}) if asked == NEW else (TieForm, {})
    sent, status, clash = _sent(request, kind, None, save, **more)
    if status == 303:
        messages.success(request, _("Saved."))
        return SeeOther(_page_of(draft, "edition-ties"))
    asked = asked or (sent.data.get("tie") if sent else "")
    new = NewTieForm(sent.data if asked == NEW else None, initial={"revision": 0}, content=content)
    context = {
        "edition": draft,
        "form": sent,
        "rows": [
            {
                "row": row,
                "form": _named(sent if sent and pk == asked else TieForm.of(row), f"tie-{pk}"),
                "clash": clash if pk == asked else None,
            }
            for pk, row in rows.items()
        ],
        "new": _named(new, NEW),
        "clash": clash if asked == NEW else None,
    }
    return render(request, "sectors/draft_ties.html", context, status=status)


def _ends(content, said):
    """The two cells that a form names."""
    return {name: getattr(content, name.partition("_")[2])(said[name]) for name in TIED}


# /matrix/editions/<framework>/<number>/note/, /discard/, /publish/


@require_POST
@revisers
def note(request, draft):
    """Say in a few words what the draft changes."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _draft_page(request, draft, form, status=400)
    try:
        services.change_note(edition=draft, by=request.user, **form.cleaned_data)
    except services.Stale as stale:
        answers = request.POST.copy()
        answers["revision"] = str(services.note_revision(stale.current))
        form = NoteForm(answers)
        form.is_valid()
        words = _("Somebody else has changed it to: “%(now)s”. Save again and yours counts.")
        form.add_error("note", words % {"now": stale.current.note})
        return _draft_page(request, draft, form, status=409)
    messages.success(request, _("The note is saved."))
    return SeeOther(_page_of(draft))


def _draft_page(request, draft, form, *, status):
    """The note by itself, with what was typed."""
    return render(request, "sectors/draft_note.html", {"edition": draft, "form": form}, status=status)


@require_http_methods(["GET", "POST"])
@revisers
def discard(request, draft):
    """Give the draft up."""
    if request.method == "POST":
        try:
            services.discard_draft(edition=draft, by=request.user, revision=_revision(request))
        except services.Stale:
            messages.warning(request, _("The draft was changed after you opened this page. Look again, then decide."))
            return SeeOther(_page_of(draft, "edition-discard"))
        messages.success(request, _("The draft is discarded. What was changed in it stays in the log."))
        return SeeOther(reverse("edition-list"))
    return render(request, "sectors/draft_discard.html", {"edition": draft, "comparison": _comparison(draft)})


@require_http_methods(["GET", "POST"])
@revisers
def publish(request, draft):
    """All that the draft puts differently, and how many crises keep the older edition; publish it."""
    problems, status = [], 200
    if request.method == "POST":
        try:
            services.publish_edition(edition=draft, by=request.user, revision=_revision(request))
        except ValidationError as error:
            problems, status = error.messages, 400
        except services.Stale:
            draft.refresh_from_db()
            problems = [_("The draft was changed after you opened this page. Look at it again, then publish.")]
            status = 409
        else:
            messages.success(request, _("Edition %(number)s is published.") % {"number": draft.number})
            return SeeOther(_page_of(draft))
    context = {
        "edition": draft,
        "comparison": _comparison(draft),
        "problems": problems,
        "following": Crisis.objects.open().filter(edition__framework=draft.framework).count(),
    }
    return render(request, "sectors/draft_publish.html", context, status=status)


def _revision(request):
    """The number of the draft that was shown; 0, which none has, where the form is not ours."""
    said = request.POST.get("revision", "")
    return int(said) if said.isdecimal() and len(said) < 10 else 0


def _comparison(draft):
    """The draft beside the edition it started from."""
    before = Edition.objects.published().filter(framework=draft.framework).first()
    before = reference.content(before.pk)
    return compare(before, reference.read(draft, like=before))
