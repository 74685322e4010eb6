"""Saved views: filters that a reader keeps under a name, to open on any page across crises."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crises import services
from crises.filters import CrisisFilter, GapFilter
from crises.forms.saved import SavedViewForm
from crises.models import Crisis, SavedView
from crises.views.hq import PAGES, narrow
from crises.views.scope import inside
from crises.views.sent import SeeOther, keep, sign_in_first, unsent
from crises.views.then import wrong_address

OF_GAPS = GapFilter.base_filters.keys() - CrisisFilter.base_filters.keys()


def _pages(filters, user):
    """The pages of this reader that know all of these filters: {name: what it is called}."""
    if filters.keys() & OF_GAPS:
        return {"gap-list": PAGES["gap-list"]}
    return {name: words for name, words in PAGES.items() if name != "worklist" or inside(user)}


def _opened(view, user):
    """The pages on which a view opens: (what the page is called, address)."""
    return [(words, f"{reverse(name)}?view={view.slug}") for name, words in _pages(view.filters, user).items()]


def _in_words(words, view):
    """What a view asks for as a person says it; a filter that is not known any more as the address says it."""
    return [
        words.in_words(name, value) if name in words.filters else {"label": name, "value": value}
        for name, value in view.filters.items()
    ]


def _words(request):
    """What puts filters into words, for as many views as there are: places, offices and framework are read once."""
    return GapFilter(QueryDict(), Crisis.objects.visible_to(request.user), request=request)


# /views/


@login_required
@require_safe
def view_list(request):
    """The views the reader may use: their own, and for staff those that are shared. Six queries."""
    words, found = _words(request), SavedView.objects.usable_by(request.user).select_related("owner")
    rows = [{"view": view, "filters": _in_words(words, view), "opens": _opened(view, request.user)} for view in found]
    context = {
        "mine": [row for row in rows if row["view"].owner_id == request.user.pk],
        "theirs": [row for row in rows if row["view"].owner_id != request.user.pk],
        "inside": inside(request.user),
    }
    return render(request, "crises/views.html", context)


# /views/new/


@require_http_methods(["GET", "POST"])
def save(request):
    """Keep the filters of the address under a name."""
    if not request.user.is_authenticated:
        if request.method == "POST":
            keep(request, request.path)
        return redirect_to_login(request.get_full_path())
    asked, problems = narrow(request, kind=GapFilter)
    if problems:
        return wrong_address(request, problems)
    form, status = SavedViewForm(unsent(request), staff=inside(request.user)), 200
    if request.method == "POST":
        form, status = SavedViewForm(request.POST, staff=inside(request.user)), 400
        if form.is_valid():
            try:
                kept = services.save_view(filters=asked.to_save, by=request.user, **form.answers)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                return _saved(request, kept, _("The view “%(name)s” is saved. Open it from here."))
    context = {
        "form": form,
        "filters": asked.chips("view", "as_of"),
        "pages": _pages(asked.to_save, request.user).values(),
        "moment": asked.value("as_of"),
    }
    return render(request, "crises/view_form.html", context, status=status)


def _saved(request, kept, done):
    """Back to the list, with what was done; sent twice, it was done once."""
    if kept.fresh:
        messages.success(request, done % {"name": kept.view.name})
    else:
        messages.info(request, _("This had already been received. It was saved once."))
    return SeeOther(reverse("view-list"))


# /views/<slug>/


def _own(request, slug, *, removed_too=False):
    """A view of the reader's own. 403 for one that another shares, 404 for any they cannot use."""
    views = SavedView.objects.usable_by(request.user)
    if removed_too:
        views = views | SavedView.objects.filter(owner=request.user)
    view = get_object_or_404(views, slug=slug)
    services.require_owner(view, request.user)
    return view


@require_http_methods(["GET", "POST"])
def change(request, view):
    """Rename a view, share it with staff or take it back."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    view = _own(request, view)
    said = {"name": view.name, "shared": "yes" if view.shared else ""}
    form, status = SavedViewForm(unsent(request), initial=said, staff=inside(request.user)), 200
    if request.method == "POST":
        form, status = SavedViewForm(request.POST, staff=inside(request.user)), 400
        if form.is_valid():
            try:
                kept = services.change_view(view=view, by=request.user, **form.answers)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                return _saved(request, kept, _("The view “%(name)s” is changed."))
    context = {"form": form, "view": view, "filters": _in_words(_words(request), view)}
    return render(request, "crises/view_form.html", context, status=status)


# /views/<slug>/remove/


@require_http_methods(["GET", "POST"])
def remove(request, view):
    """Take a view off every list. Asks first."""
    if not request.user.is_authenticated:
        return sign_in_first(request)
    view = _own(request, view, removed_too=request.method == "POST")  # a second click is told, not refused
    if request.method == "POST":
        kept = services.remove_view(view=view, by=request.user)
        return _saved(request, kept, _("The view “%(name)s” is removed."))
    return render(request, "crises/view_remove.html", {"view": view, "filters": _in_words(_words(request), view)})
