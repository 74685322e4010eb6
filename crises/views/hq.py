"""What the pages across crises share: their address and its filters, and where each reader starts."""

import re

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from crises import listing
from crises.filters import CrisisFilter
from crises.models import Crisis
from crises.views.then import Then
from crises.worklist import SLUGS as QUEUES
from offices.models import Office, Role

LOGS = {Role.FIELD, Role.LEAD}  # who logs crises
WORKS = LOGS | {Role.REGIONAL}  # whose offices are a part of the whole
# HQ's pages across crises, each with the filters of the others.
PAGES = {
    "dashboard": _("Dashboard"),
    "worklist": _("Worklist"),
    "grid": _("Grid"),
    "gap-list": _("Gaps"),
    "crisis-list": _("Crises"),
    "country-list": _("Countries"),
}
# What the pages read from the address beside the filters: what it may be, and the words where it is something else.
PARAMETERS = {
    "sort": (
        f"-?({'|'.join(listing.SORTS)})",
        _("“sort” is one of title, country, gaps, started, updated; with a “-” in front for the reverse."),
    ),
    "mine": ("1", _("“mine” is 1, for the crises of your own offices, or is left out.")),
    "page": ("[1-9][0-9]{0,5}", _("“page” is a whole number from 1 on.")),
    "older": ("[0-9]{1,18}", _("“older” is a whole number: follow the links “Previous” and “Next”.")),
    "newer": ("[0-9]{1,18}", _("“newer” is a whole number: follow the links “Previous” and “Next”.")),
    "queue": (
        "|".join(QUEUES),
        _("“queue” is one of gaps, waiting, level, changed, waivers, stale, duplicates; or is left out."),
    ),
    "all": ("1", _("“all” is 1, for every row of the queue, or is left out.")),
    "to": (r"[\w.@+-]{1,150}", _("“to” is the username of a person; empty for nobody.")),
}


@require_safe
def home(request):
    """Each reader starts where their work is."""
    if not request.user.is_authenticated:
        return render(request, "home.html")
    roles = roles_of(request.user)
    if roles & {Role.HQ, Role.REGIONAL}:
        return redirect("dashboard")
    if roles == {Role.AUDITOR}:
        return redirect("history")
    mine = "?mine=1" if roles & LOGS else ""
    return redirect(reverse("crisis-list") + mine)


def roles_of(user):
    """The roles this person has in any office."""
    return user.roles if user.is_authenticated else set()


def narrow(request, *allowed, kind=CrisisFilter):
    """The crises this reader may see, narrowed by the address; and what is wrong with the address, if anything."""
    crises = Crisis.objects.visible_to(request.user)
    mine = "mine" in allowed and request.GET.get("mine")
    own = Office.objects.reached_by(request.user, *WORKS) if mine else None
    narrowed = kind(request.GET, crises, request=request, own=own)
    return narrowed, understood(request, narrowed, *allowed)


def understood(request, narrowed, *allowed):
    """What is wrong with the address, if anything: its filters, and what the page reads beside them."""
    problems = narrowed.problems(allowed)
    for name in allowed:
        pattern, words = PARAMETERS[name]
        if (asked := request.GET.get(name)) and not re.fullmatch(pattern, asked):
            problems.setdefault(name, [words])
    return problems


def address(name, narrowed, **changes):
    """The address of a page with the same filters and these changes."""
    return reverse(name) + narrowed.query(**changes).removesuffix("?")


def addresses(name, n=1):
    """The address of this page for each crisis, or for each n names: a function of them. Looked up once, for lists."""
    return reverse(name, args=["-_-"] * n).replace("-_-", "{}").format


def turns(narrowed, page):
    """The addresses of the pages before and after; empty where there is none."""
    return {
        "before": narrowed.query(**page.previous) if page.previous else "",
        "after": narrowed.query(**page.next) if page.next else "",
    }


def file_name(name, narrowed):
    """A file name, without its ending, that says of what filter, saved view and moment the file is."""
    asked = [slugify(value) for known in narrowed.filters if (value := narrowed.address.get(known))]
    return "-".join(filter(None, [name, *asked, f"{timezone.now():%Y%m%dT%H%MZ}"]))


def around(narrowed, **changes):
    """The addresses of HQ's pages with the same filters and these changes; and `save`, where these filters are kept as
    a view, empty where there are none to keep."""
    query = narrowed.query_for(CrisisFilter, **changes).removesuffix("?")
    save = reverse("view-new") + f"?{urlencode(narrowed.to_save)}" if narrowed.to_save else ""
    return {name.replace("-", "_"): reverse(name) + query for name in PAGES} | {"save": save}


def then_of(request, narrowed):
    """The past moment that a page with filters is of, if any."""
    if at := narrowed.value("as_of"):
        return Then(at, narrowed.data["as_of"], f"{request.path}{narrowed.query(as_of=None)}")
    return None


def column(narrowed, name, sort):
    """The head of a column: how a list is sorted by it now, and the address that sorts by it the other way."""
    up, down = name, f"-{name}"
    first = up if name in ("title", "country") else down
    return {
        "aria": {up: "ascending", down: "descending"}.get(sort, ""),
        "sort": narrowed.query(sort={up: down, down: up}.get(sort, first)),
    }
