"""The coordination sheet of a crisis: each system, cluster and group, what is at work with it, and whom to call.

A plan and contacts in, plain data out.
"""

from dataclasses import dataclass

from crises.advice import at_work, consular_safeguard
from crises.models import PlanCell
from crises.models.contacts import Contact
from crises.plan import Cell
from sectors.models import Cluster, ClusterLink, Strength, System, SystemLink

REFUGEE_REGIME = "refugee-regime"  # whom refugees are referred to, whatever a link's strength


@dataclass(frozen=True)
class Line:
    """A sector that is active or needed here, and how the framework links it to a system or cluster."""

    cell: Cell
    link: SystemLink | ClusterLink
    caution: str

    @property
    def main(self):
        return self.link.strength == Strength.MAIN


@dataclass(frozen=True)
class Party:
    """A system, cluster or group to coordinate with, main links first, and the contacts there are."""

    partner: System | Cluster
    lines: tuple[Line, ...]
    contacts: tuple[Contact, ...]

    @property
    def kind(self):
        """system, cluster or group."""
        return getattr(self.partner, "kind", "system")

    @property
    def page(self):
        """The name of the address of its page."""
        return self.partner._meta.model_name

    @property
    def code(self):
        """What a form calls it, such as system:refugee-regime."""
        return f"{self.page}:{self.partner.slug}"

    @property
    def note(self):
        """How to work with it, in a sentence; empty where the framework says nothing."""
        return getattr(self.partner, "conduct", "") or getattr(self.partner, "note", "")


def countries_of(crisis):
    """The countries of the crisis, the one most affected first. One query."""
    return [crisis.main_country, *crisis.other_countries.all()]


def sheet(whole, crisis, contacts=(), *, active_only=False):
    """Every system, then cluster, then group, each with the sectors active or needed here that are linked to it.

    `contacts` are those of the crisis's countries, in the order in which they are to be shown. A party without such a
    sector has no lines.
    """
    lines = {}
    for cell in filter(_active if active_only else at_work, whole.cells if crisis.is_open else ()):
        for link in whole.content.links_of(cell.sector):
            line = Line(cell, link, consular_safeguard(cell, crisis))
            lines.setdefault(link.target, []).append(line)
    known = {}
    for contact in contacts:
        known.setdefault(contact.partner, []).append(contact)
    return [
        Party(partner, tuple(sorted(lines.get(partner, ()), key=_main_first)), tuple(known.get(partner, ())))
        for partner in (*whole.content.systems, *whole.content.clusters)
    ]


def _active(cell):
    return cell.status == PlanCell.Status.ACTIVE


def _main_first(line):
    return not line.main, line.cell.sector.number, line.cell.phase.number


@dataclass(frozen=True)
class Linked:
    """A system, cluster or group that a cell is linked to, and the contacts in the main country, as told there."""

    link: SystemLink | ClusterLink
    contacts: tuple[dict, ...]

    @property
    def partner(self):
        return self.link.target

    @property
    def page(self):
        return self.partner._meta.model_name


def of_cell(whole, cell, crisis):
    """Whom a cell is coordinated with: systems, then clusters and groups, main links first in each.

    Where people must not be sent to their consulate, those to whom refugees are referred come first of all.
    `crisis.contacts` as of Contact.objects.of_main_country; None where the reader sees none.
    """
    links = whole.content.links_of(cell.sector)
    if consular_safeguard(cell, crisis):
        links = sorted(links, key=lambda link: link.target.slug != REFUGEE_REGIME)
    told = sorted(crisis.contacts or (), key=lambda contact: contact["name"])
    return [
        Linked(link, tuple(contact for contact in told if contact[link.target._meta.model_name] == link.target.pk))
        for link in links
    ]
