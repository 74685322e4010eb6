"""What comes with a crisis that is logged: cells of its plan and figures, all in the one change that logs it."""

from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crises.models import Figure, PlanCell

from .cells import move, refuse_default
from .statements import rows_of


@contextmanager
def _named(path, wrong):
    """Note what the rules refuse under the path of the thing that was sent, such as cells.3.status."""
    try:
        yield
    except ValidationError as error:
        named = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
        for name, lines in named.items():
            wrong.setdefault(f"{path}.{name}", []).extend(lines)


def take_cells(amendment, cells):
    """What the office says of cells: each {sector, phase}, and of PlanCell's fields what is said.

    The rules are those of change_status and set_priority: what is not started can be planned or active, a status
    without a date begins today, and a priority needs a justification and differs from the framework's. Raises
    ValidationError that names the cell by its place: cells.3.status.
    """
    wrong, today = {}, amendment.at.date()
    own = any(said.get("own_priority") for said in cells)
    defaults = {cell.key: cell for cell in amendment.plan()} if own else {}
    for n, said in enumerate(cells):
        with _named(f"cells.{n}", wrong):
            cell = amendment.cell(said["sector"], said["phase"])
            if any(row is cell for row, _many in amendment.rows):
                raise ValidationError({"sector": _("This sector in this phase is there twice. Keep one.")})
            for name in ("lead", "cluster_contact", "note", "own_priority", "justification"):
                setattr(cell, name, said.get(name, "").strip())
            if cell.own_priority:
                refuse_default(cell.own_priority, defaults[cell.sector_id, cell.phase_id])
            status, since = said.get("status", cell.status), said.get("since")
            if status != PlanCell.Status.NOT_STARTED:
                move(cell, status, since or today, today)
            elif since:
                raise ValidationError({"since": _("A sector that is not started has no date. Leave it out.")})
            amendment.keep(cell)
    if wrong:
        raise ValidationError(wrong)


def take_figures(amendment, figures):
    """Figures that are known when the crisis is logged: each Figure's fields, its `sectors`, its `parts`.

    Answers the figures in the order given. Raises ValidationError that names one by its place: figures.1.as_of.
    """
    wrong, found = {}, []
    for n, said in enumerate(figures):
        with _named(f"figures.{n}", wrong):
            values = {name: value for name, value in said.items() if name not in ("sectors", "parts")}
            row = Figure(
                crisis=amendment.crisis, recorded_at=amendment.at, recorded_by=amendment.by, revision=0, **values
            )
            found.append(row)
            for part, many in rows_of(row, amendment.at, said.get("sectors", ()), said.get("parts")):
                amendment.keep(part, **many)
    if wrong:
        raise ValidationError(wrong)
    return found


def in_plain_words(cells, figures):
    """What comes with a crisis as plain data, to tell two submissions apart."""
    plain = {}
    if cells:
        plain["cells"] = cells
    if figures:
        plain["figures"] = [
            figure | {"parts": sorted((sex, band.code, n) for (sex, band), n in (figure.get("parts") or {}).items())}
            for figure in figures
        ]
    return plain
