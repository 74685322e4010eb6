"""The coordination sheet of a crisis: with whom each sector at work is coordinated, as a page and as a table."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from crises import coordination
from crises.forms.contacts import SheetFilter
from crises.models import Contact
from crises.models.contacts import kept_by
from crises.reading import plan_of
from crises.views.scope import inside, readers, seen_crisis
from crises.views.then import as_of, stood
from sectors.exports import table_file

TITLES = {"system": _("Systems"), "cluster": _("Clusters"), "group": _("Other clusters, sectors, groups")}


# /crises/<reference>/coordination/


@readers
@as_of
@require_safe
def sheet_page(request, reference, then=None):
    """Whom to coordinate with, by system, cluster and group. Ten queries: the contacts, whose, and who keeps them.

    Contacts are for now: a sheet of the past shows none.
    """
    crisis = stood(request, seen_crisis(request, reference), then)
    asked = SheetFilter(request.GET)
    context = {"crisis": crisis, "then": then, "inside": inside(request.user) and not then}
    if not asked.is_valid():
        return render(request, "crises/coordination.html", context | {"problems": asked.problems}, status=400)
    whole = plan_of(crisis, as_of=then and then.at)
    countries = coordination.countries_of(crisis) if context["inside"] else ()
    contacts = Contact.objects.visible_to(request.user).of_countries(countries) if context["inside"] else ()
    parties = coordination.sheet(whole, crisis, contacts, active_only=asked.active_only)
    return render(
        request,
        "crises/coordination.html",
        context
        | {
            "plan": whole,
            "active_only": asked.active_only,
            "sections": [
                (title, [party for party in parties if party.kind == kind and party.lines])
                for kind, title in TITLES.items()
            ],
            "aside": [party for party in parties if not party.lines],
            "caution": next((line.caution for party in parties for line in party.lines if line.caution), ""),
            "several": len({line.cell.phase for party in parties for line in party.lines}) > 1,
            "kept": _kept(request.user, countries) if context["inside"] else set(),
        },
    )


def _kept(user, countries):
    """The countries of these whose contacts the reader keeps. One query."""
    return set(kept_by(user).filter(pk__in=[country.pk for country in countries]).values_list("pk", flat=True))


# /crises/<reference>/coordination.csv, coordination.xlsx


HEADER = [
    "reference",
    "kind",
    "slug",
    "name",
    "lead",
    "sector",
    "sector_name",
    "phase",
    "link",
    "reason",
    "paragraph",
    "provenance",
    "priority",
    "status",
    "needed",
    "gap",
    "caution",
    "contacts",
]


@readers
@as_of
@require_safe
def sheet_file(request, reference, kind, then=None):
    """The sheet as a table: a line for each link of a sector shown. Contacts are for staff, and for now."""
    crisis = stood(request, seen_crisis(request, reference), then)
    asked = SheetFilter(request.GET)
    if not asked.is_valid():
        return HttpResponse("\n".join(asked.problems), status=400, content_type="text/plain; charset=utf-8")
    whole, contacts = plan_of(crisis, as_of=then and then.at), ()
    if inside(request.user) and not then:
        contacts = Contact.objects.visible_to(request.user).of_countries(coordination.countries_of(crisis))
    parties = coordination.sheet(whole, crisis, contacts, active_only=asked.active_only)

    def line(party, line):
        cell = line.cell
        return [
            crisis.reference,
            party.kind,
            party.partner.slug,
            party.partner.name,
            party.partner.lead or None,
            cell.sector.code,
            cell.sector.name,
            cell.phase.slug,
            line.link.strength,
            line.link.reason,
            line.link.paragraph,
            line.link.provenance,
            cell.priority,
            cell.status,
            "yes" if cell.needed else "no",
            "yes" if cell.gap and not cell.waived else "no",
            line.caution or None,
            "; ".join(
                f"{contact.country_id}: {contact.name}, {contact.organisation}, {contact.reach}"
                for contact in party.contacts
            ),
        ]

    lines = (line(party, one) for party in parties for one in party.lines)
    return table_file(kind, f"coordination-{crisis.reference}", HEADER, lines)
