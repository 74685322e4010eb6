"""The shape of what HQ sees across crises: the figures of the dashboard, the queues of the worklist."""

from rest_framework import serializers

from crises.worklist import SLUGS
from sectors.models import Priority
from sectors.serializers import TextOrNull

from .plans import SIDES, TallySerializer


class CountsSerializer(serializers.Serializer):
    """How many crises are open, and how many people they report affected (crises.dashboard.Board.counts)."""

    open = serializers.IntegerField()
    exercises = serializers.IntegerField()
    recent = serializers.IntegerField(help_text="Logged in the last 30 days.")
    stale = serializers.IntegerField(help_text="Without an update for longer than one may stay so.")
    whole = serializers.IntegerField(help_text="Crises that are no part of another one here.")
    people = serializers.IntegerField(
        allow_null=True, help_text="One figure a crisis: its newest key figure. Null where none reports."
    )
    reporting = serializers.IntegerField(help_text="How many crises `people` adds.")
    first = serializers.DateField(allow_null=True, help_text="The earliest date of those figures.")
    last = serializers.DateField(allow_null=True)


class CoveredSerializer(serializers.Serializer):
    """A cell of the coverage: how far the plans of the open crises are met."""

    sector = serializers.CharField(source="sector.code")
    phase = serializers.CharField(source="phase.slug")
    stated = serializers.ChoiceField(Priority.choices, source="row.priority", help_text="The edition's priority.")
    tally = TallySerializer(allow_null=True, help_text="Null where no crisis needs the sector.")


class DecisionSerializer(serializers.Serializer):
    """A gap to decide on."""

    crisis = serializers.CharField(source="row.reference")
    title = serializers.CharField()
    exercise = serializers.BooleanField()
    sector = serializers.CharField(source="sector.code")
    phase = serializers.CharField(source="phase.slug")
    opened_at = serializers.DateTimeField()
    days = serializers.IntegerField()
    late = serializers.BooleanField()


class FreshSerializer(serializers.Serializer):
    """An office with open crises: when it last changed any of them. What others decide about a crisis is no update."""

    office = serializers.CharField(source="slug")
    updated_at = serializers.DateTimeField()
    days = serializers.IntegerField()
    overdue = serializers.BooleanField()
    crises = serializers.IntegerField()
    stale = serializers.IntegerField()


class WeekSerializer(serializers.Serializer):
    """How many sectors became active in a week, by priority."""

    first = serializers.DateField()
    last = serializers.DateField()
    critical = serializers.IntegerField(source="by.critical")
    important = serializers.IntegerField(source="by.important")
    recommended = serializers.IntegerField(source="by.recommended")


class TimesSerializer(serializers.Serializer):
    """Days from logging a crisis to its first active critical sector, of the crises of one level."""

    level = TextOrNull(source="value", help_text="IOM emergency level; null: not assessed.")
    active = serializers.SerializerMethodField(help_text="How many crises have one.")
    waiting = serializers.SerializerMethodField(help_text="How many have none yet.")
    median = serializers.FloatField(allow_null=True, help_text="Days; null where none has one.")
    slowest = serializers.IntegerField(allow_null=True)

    def get_active(self, times) -> int:
        return len(times.days)

    def get_waiting(self, times) -> int:
        return len(times.waiting)


class LinkedSerializer(serializers.Serializer):
    """How often a sector linked to a system, cluster or group is active."""

    kind = serializers.ChoiceField(SIDES)
    slug = serializers.CharField()
    active = serializers.IntegerField()


class DashboardSerializer(serializers.Serializer):
    """The figures of the dashboard (crises.panels.Panels): the open crises that you may see."""

    as_of = serializers.DateTimeField(allow_null=True, help_text="The past moment that the answer is of; null: now.")
    counts = CountsSerializer()
    total = TallySerializer(source="board.total", help_text="The needed sectors of all of them.")
    late = serializers.SerializerMethodField(help_text="Gaps open for longer than a critical sector may wait.")
    coverage = serializers.SerializerMethodField(help_text="One for each sector and phase of the edition in force.")
    elsewhere = TallySerializer(help_text="Needed sectors of plans under another framework.")
    decisions = DecisionSerializer(many=True, help_text="The oldest gaps; /api/v1/gaps/ has all.")
    offices = FreshSerializer(many=True, help_text="The one that has been silent for longest first.")
    weeks = WeekSerializer(many=True, help_text="The last twelve weeks, the oldest first.")
    times = TimesSerializer(many=True, help_text="By level: crises logged in the last twelve months.")
    links = serializers.SerializerMethodField()

    def get_late(self, panels) -> int:
        return len(panels.board.late)

    def get_coverage(self, panels) -> CoveredSerializer(many=True):
        return CoveredSerializer([cell for _sector, cells in panels.coverage for cell in cells], many=True).data

    def get_links(self, panels) -> LinkedSerializer(many=True):
        return [
            {"kind": side.kind, "slug": partner.slug, "active": n}
            for side in panels.sides
            for partner, n in [*side.partners, *((partner, 0) for partner in side.without)]
        ]


class QueueSerializer(serializers.Serializer):
    """A queue of the worklist (crises.worklist.Queue)."""

    queue = serializers.ChoiceField(SLUGS, source="slug")
    title = serializers.CharField()
    meaning = serializers.CharField(help_text="What it holds.")
    n = serializers.IntegerField(help_text="How many rows it has.")
    unanswered = TextOrNull(help_text="Why it has none to tell of a past moment.")
    url = serializers.SerializerMethodField(help_text="Its rows.")

    def get_url(self, queue) -> str:
        return self.context["address"](queue.slug)


class WorklistSerializer(serializers.Serializer):
    """The queues of the worklist that are yours, in the order of the page."""

    queues = QueueSerializer(many=True)


class ItemSerializer(serializers.Serializer):
    """A row of a queue: what of which crisis, and since when (crises.worklist.Item)."""

    key = serializers.CharField(help_text="Names the row among all rows of its queue.")
    crisis = serializers.CharField(source="reference")
    title = serializers.CharField()
    exercise = serializers.BooleanField()
    what = serializers.CharField(help_text="What is to be done or looked at, in words.")
    since = serializers.DateTimeField(allow_null=True)
    waived_until = serializers.DateField(source="until", allow_null=True, help_text="Of a waived gap.")
    sector = TextOrNull(help_text="Code, of a gap.")
    phase = TextOrNull(help_text="Slug, of a gap.")
    other = TextOrNull(help_text="Reference of the other crisis of a pair.")
