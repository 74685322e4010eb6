"""Changes to a crisis and its plan in the API: conditional, one at a time, through the services of the pages."""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.exceptions import NotFound
from rest_framework.permissions import SAFE_METHODS

from crises import services
from crises.api import AS_OF, EXPANDABLE, CrisisDetail
from crises.api.conditions import Refused, Tagged, key_of, revision_of
from crises.api.plans import OfCrisis
from crises.api.shape import FIELDS, expand
from crises.api.writing import IF_MATCH, KEY, refusals, refuse_parameters, require_writer, seen_with, told
from crises.models import Crisis, PlanCell
from crises.reading import plan_of
from crises.serializers import CrisisSerializer
from crises.serializers.edits import CellEdit, CrisisEdit, OneCellSerializer, entry_in_codes, facts_in_codes
from crises.services.facts import facts_as_known
from sectors import reference

HEADERS = [IF_MATCH, KEY]


class Editable(Tagged):
    """An address whose GET answers what its PATCH changes."""

    edit = None  # the serializer of what can be sent

    @property
    def parameters(self):
        return super().parameters if self.request.method in SAFE_METHODS else set()

    def patch(self, request, *args, **kwargs):
        """Make the change and answer what then stands, or say why not."""
        crisis = self._editable(request)
        revision, key = revision_of(request), key_of(request)
        said = told(self.edit, request, partial=True)
        with refusals(lambda current: self._stale(current, revision)):
            self.change(crisis, said, by=request.user, revision=revision, key=key, strict=True)
        return self.retrieve(request, *args, **kwargs)

    def _editable(self, request):
        """The crisis, where this reader may change it: else 401, 403 for the token, 404, or 403 for the right."""
        require_writer(request)
        refuse_parameters(request)
        return seen_with("edit", request, self.kwargs["reference"])

    def _stale(self, current, revision):
        """Who changed it since, when, and every field that differs: as it was, as it is, as it was to become."""
        change, was, now = self.compared(current, revision)
        sent, fields = self.request.data, []
        for name in now:
            if (was and was[name] != now[name]) or (name in sent and sent[name] != now[name]):
                field = {"path": name, "was": was and was[name], "now": now[name]}
                fields.append(field | ({"yours": sent[name]} if name in sent else {}))
        return Refused(
            412,
            changed_by=change and str(change.history_user),
            changed_at=change and change.history_date,
            fields=fields,
        )


@extend_schema_view(
    get=extend_schema(operation_id="get_crisis", summary="One crisis", parameters=[AS_OF, FIELDS, expand(EXPANDABLE)]),
    patch=extend_schema(
        operation_id="change_crisis",
        summary="Change the facts of a crisis",
        parameters=HEADERS,
        request=CrisisEdit(partial=True),
        responses=CrisisSerializer,
        description="The plan and its gaps follow. Takes the right to edit the crisis; a token that may change.",
    ),
)
class CrisisFacts(Editable, CrisisDetail):
    """All that is known of a crisis: its facts, phases, levels, figures and lines of work, each with its source."""

    edit = CrisisEdit

    def get_object(self):
        crisis = super().get_object()
        self.revision = crisis.facts_revision
        return crisis

    def change(self, crisis, said, **how):
        facts = {name: value for name, value in said.items() if name not in ("country", "started")}
        if "country" in said:
            facts["main_country"] = said["country"]
        if "started" in said:
            facts["started_on"], facts["start_precision"] = said["started"]
        if "glide" in said:
            facts["glide"] = " ".join(dict.fromkeys(said["glide"]))
        if "groups" in said:
            facts["groups"] = list(dict.fromkeys(said["groups"]))
        if "level_proposed" in said:
            facts["level_proposed"] = int(said["level_proposed"]) if said["level_proposed"] else None
        services.update_facts(crisis=crisis, **facts, **how)

    def compared(self, current, revision):
        """The change that made the facts what they are, the facts as they were at the revision, as they are. Few
        queries, and only for who is refused."""
        rows = current.history.order_by("history_date", "history_id").select_related("history_user")
        seen = rows.filter(facts_revision=revision).first()
        change = rows.filter(facts_revision=current.facts_revision).first()
        now = facts_as_known(Crisis.objects.get(pk=current.pk))
        return change, seen and facts_in_codes(facts_as_known(seen)), facts_in_codes(now)


@extend_schema_view(
    get=extend_schema(operation_id="get_cell", summary="One cell of a plan", parameters=[AS_OF]),
    patch=extend_schema(
        operation_id="change_cell",
        summary="Change a cell of a plan",
        parameters=HEADERS,
        request=CellEdit(partial=True),
        responses=OneCellSerializer,
        description="Its status and what goes with it, or its priority: one of the two in one request, since each is a "
        "change of its own. Takes the right to edit the crisis; a token that may change.",
    ),
)
class PlanCellDetail(Editable, OfCrisis):
    """A sector in a phase of one crisis: its priority and why, what the office does, and whether that is a gap."""

    serializer_class = OneCellSerializer
    edit = CellEdit

    def retrieve(self, request, *args, **kwargs):
        crisis = self.get_object()
        whole = plan_of(crisis, as_of=self.as_of)
        cell = whole.cell(self.kwargs["sector"], self.kwargs["phase"])
        if cell is None:
            raise NotFound
        self.revision = cell.entry.revision
        return self.read(OneCellSerializer, crisis, whole, of=cell)

    def change(self, crisis, said, **how):
        content = reference.content(crisis.edition_id)
        where = {"sector": content.sector(self.kwargs["sector"]), "phase": content.phase(self.kwargs["phase"])}
        if None in where.values():
            raise NotFound
        if "priority" in said:
            justification = said.get("justification", "")
            services.set_priority(crisis=crisis, priority=said["priority"], justification=justification, **where, **how)
            return
        # What is not named stays as it was at the revision named: any other is refused under the lock.
        seen = self._row(crisis, where, how["revision"]) or PlanCell()
        stays = {name: getattr(seen, name) for name in ("status", "lead", "cluster_contact", "note")}
        if "status" not in said:
            stays["since"] = seen.since
        services.change_status(crisis=crisis, **stays | said, **where, **how)

    def _row(self, crisis, where, revision):
        rows = PlanCell.history.filter(crisis=crisis.pk, revision=revision, **where).select_related("history_user")
        return rows.first()

    def compared(self, current, revision):
        """As of CrisisFacts.compared."""
        where = {"sector": current.sector_id, "phase": current.phase_id}
        seen = self._row(current.crisis, where, revision) or (PlanCell() if revision == 0 else None)
        change = self._row(current.crisis, where, current.revision)
        now = PlanCell.objects.filter(pk=current.pk).first() or PlanCell()
        return change, seen and entry_in_codes(seen), entry_in_codes(now)
