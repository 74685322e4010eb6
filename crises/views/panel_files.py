"""The panels of the dashboard as tables for files: of each its header and its lines."""

from crises import plan
from crises.models.statements import SMALL


def _yes(truth):
    return "yes" if truth else "no"


def _at(moment):
    return moment.isoformat(timespec="seconds")


def figures(panels):
    """The key figures, a line each."""
    counts, total, overall = panels.counts, panels.board.total, panels.overall
    figures = {
        "open_crises": counts["open"],
        "exercises": counts["exercises"],
        "logged_in_30_days": counts["recent"],
        "people_affected": counts["people"],
        "crises_counted_for_people": counts["whole"],
        "crises_reporting_people": counts["reporting"],
        "critical_sectors_needed": total.needed,
        "critical_sectors_active": total.active,
        "critical_sectors_completed": total.completed,
        "critical_sectors_waived": total.waived,
        "critical_gaps": total.gaps,
        "critical_gaps_late": len(panels.board.late),
        "median_days_to_first_critical_sector": overall.median,
        "crises_with_a_critical_sector_active": len(overall.days),
        "crises_waiting_for_a_critical_sector": len(overall.waiting),
        "offices_overdue": panels.overdue,
        "offices_with_open_crises": len(panels.offices),
    }
    return "figure,value,as_of", ([name, value, _at(panels.at)] for name, value in figures.items())


def crises(panels):
    """The open crises, in the order of the table on the page."""
    header = "number,reference,crisis,exercise,country,country_name,region,phases,iom_level,people,people_on,"

    def line(one):
        return [
            one.number,
            one.row.reference,
            one.title,
            _yes(one.exercise),
            one.country.iso3,
            one.country.name,
            one.country.region,
            " ".join(phase.slug for phase in one.phases),
            one.row.level or None,
            f"<{SMALL}" if one.small else one.people,
            one.row.people_on,
            _at(one.row.last_update),
            _yes(one.stale),
            one.gaps,
        ]

    return f"{header}last_update,stale,critical_gaps", map(line, panels.listed)


def gaps(panels):
    """The gaps that need a decision, the oldest first."""

    def line(gap):
        cell = [gap.sector.code, gap.sector.name, gap.phase.slug]
        crisis = [gap.row.reference, gap.title, _yes(gap.exercise)]
        return [*crisis, *cell, _at(gap.opened_at), gap.days, _yes(gap.late)]

    header = "reference,crisis,exercise,sector,sector_name,phase,opened_at,days_open,late"
    return header, map(line, panels.decisions)


def freshness(panels):
    """The offices with open crises, the one that has been silent for longest first."""

    def line(office):
        counted = [office.crises, office.stale]
        return [office.slug, office.name, _at(office.updated_at), office.days, _yes(office.overdue), *counted]

    header = "office,office_name,last_update,days,overdue,open_crises,stale_crises"
    return header, map(line, panels.offices)


def coverage(panels):
    """The coverage, a line for each sector and phase."""
    header = "sector,sector_name,phase,default_priority,provenance,needed,active,completed,waived,gaps,as_of"

    def line(cell):
        tally = cell.tally or plan.Tally()
        said = [cell.sector.code, cell.sector.name, cell.phase.slug, cell.row.priority, cell.row.provenance]
        counted = [tally.needed, tally.active, tally.completed, tally.waived, tally.gaps]
        return [*said, *counted, _at(panels.at)]

    return header, (line(cell) for _sector, cells in panels.coverage for cell in cells)


def links(panels):
    """Systems, clusters and groups, by how often a sector linked to each is active."""
    header = "kind,slug,name,active_linked_sectors"
    lines = (
        [side.kind, partner.slug, partner.name, n]
        for side in panels.sides
        for partner, n in [*side.partners, *((partner, 0) for partner in side.without)]
    )
    return header, lines


def weeks(panels):
    """The activations of twelve weeks, a line a week."""
    return "from,to,critical,important,recommended", (
        [week.first, week.last, *week.by.values()] for week in panels.weeks
    )


def speed(panels):
    """The days to the first active critical sector, a line a level."""

    def line(level):
        return [level.value or "none", len(level.days), level.median, level.slowest, len(level.waiting)]

    header = "iom_level,crises_with_one,median_days,slowest_days,crises_waiting"
    return header, (line(level) for level in panels.times_and_all)


TABLES = {
    "figures": figures,
    "crises": crises,
    "gaps": gaps,
    "freshness": freshness,
    "coverage": coverage,
    "links": links,
    "trend": weeks,
    "speed": speed,
}
