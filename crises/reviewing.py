"""A crisis as its reviewer reads it: all that is reviewed, what changed since the approval, and what was said of it."""

from copy import copy
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Subquery, TextField, Value
from django.db.models.functions import JSONObject
from django.utils import timezone

from crises import plan
from crises.known import Fact, facts_in_words
from crises.models import Crisis, PlanPriority, Review, ReviewComment
from crises.models.rows import Rows
from crises.money import lines_of
from crises.reading import CrisisPlan
from crises.series import figures_of
from crises.timeline import Entry, entry
from sectors import reference

ABOUT = {"sector": F("sector__code"), "phase": F("phase__slug"), "field": F("field"), "text": F("text"), "pk": F("pk")}
REVIEWS_SHOWN = 30


@dataclass(frozen=True)
class Comment:
    """What a reviewer said, and of what: a cell by its codes, a field, or, where both are empty, the whole."""

    sector: str
    phase: str
    field: str
    text: str
    pk: int

    @property
    def about(self):
        """What forms and pages call it: `S03-during`, `summary`, or empty."""
        return f"{self.sector}-{self.phase}" if self.sector else self.field


def _comments(rows):
    return [Comment(**row) for row in sorted(rows or (), key=lambda row: row["pk"])]


def asked(user):
    """What to annotate crises with so that each carries, as `asked`, the comments that its office is to answer.

    Those of the last step where that sent it back; for staff only. No query of its own.
    """
    if not user.is_authenticated or user.partner_id:
        return {"asked": Value(None, output_field=TextField())}
    newer = Review.objects.filter(crisis=OuterRef("review__crisis"), revision__gt=OuterRef("review__revision"))
    open_ones = ReviewComment.objects.filter(
        ~Exists(newer), review__crisis=OuterRef("pk"), review__kind=Review.Kind.SENT_BACK
    )
    return {"asked": _as_rows(open_ones, "review__crisis")}


def _as_rows(comments, by):
    return Subquery(comments.order_by().values(by).annotate(rows=Rows(JSONObject(**ABOUT))).values("rows"))


def to_answer(crisis):
    """The comments that the office is to answer; of crises as of `asked`."""
    return _comments(crisis.asked)


def to_answer_by_name(crisis):
    """The same by what each is about, such as `S03-during` or `summary`."""
    found = {}
    for comment in to_answer(crisis):
        found.setdefault(comment.about, []).append(comment)
    return found


def _countries(crises):
    """The names of the other countries of a crisis, as a column."""
    return Subquery(crises.order_by().values("pk").annotate(rows=Rows(F("other_countries__name"))).values("rows"))


def columns():
    """What a crisis comes with so that a sheet can be made of it. No query of its own."""
    return {"countries": _countries(Crisis.objects.filter(pk=OuterRef("pk")))}


@dataclass(frozen=True)
class Difference:
    """A fact that is not as it was approved."""

    fact: Fact
    before: str


@dataclass(frozen=True)
class Sheet:
    """Everything of a crisis that is reviewed, and what has changed in it since the approval."""

    plan: CrisisPlan
    facts: list[Fact]
    sections: list  # (phase, its period or None, its cells that the office has spoken of or that are critical)
    figures: list
    lines: list
    reviews: list[Review]  # the newest first, each with `said`, its comments
    differences: list[Difference]  # facts that are not as they were approved
    changes: list[Entry]  # what else changed since the approval, the newest first
    missed: list[Entry]  # what changed since the reader looked
    approved_revision: int | None

    @property
    def last_said(self):
        """The comments of the last time it was sent back, until it is approved: what a reviewer looks for again."""
        for review in self.reviews:
            if review.kind == Review.Kind.APPROVED:
                return []
            if review.kind == Review.Kind.SENT_BACK:
                return review.said
        return []

    def new(self, row):
        """Whether a cell, figure or line of work is not as it was approved."""
        return self.approved_revision is not None and row.revision > self.approved_revision

    @property
    def changed_cells(self):
        return [cell for _phase, _period, cells in self.sections for cell in cells if self.new(cell.entry)]


def sheet_of(crisis, *, seen=None):
    """The sheet of a crisis as of `columns`. Six queries: entries, periods, gaps, figures, lines of work, reviews; and
    one more for the changes, where there was an approval or the reader looked before (`seen`).
    """
    whole = _plan(crisis)
    history = _history(crisis, seen)
    approved, facts = crisis.approved_revision, facts_in_words(crisis, _named(crisis.countries), own=True)
    facts.insert(0, _title(crisis))
    return Sheet(
        plan=whole,
        facts=facts,
        sections=_sections(whole),
        figures=figures_of(crisis),
        lines=lines_of(crisis),
        reviews=_reviews(crisis),
        differences=_differences(crisis, facts, history),
        changes=_entries(crisis, history, approved, but="facts"),
        missed=_entries(crisis, history, seen),
        approved_revision=approved,
    )


def _plan(crisis):
    """The plan with its open gaps, which carry the last day of their waivers. Three queries."""
    content = reference.content(crisis.edition_id)
    periods = list(crisis.periods.select_related("phase"))
    gaps = list(crisis.gaps.open().with_waiver(timezone.now().date()))
    opened = {period.phase_id for period in periods if period.left_on is None}
    return CrisisPlan(content, plan.cells(content, crisis, crisis.cells.all(), opened, gaps), periods, gaps)


def _sections(whole):
    now = {period.phase_id: period for period in whole.open_periods}
    found = []
    for phase in whole.content.phases:
        cells = [cell for cell in whole.cells if cell.phase == phase]
        told = [cell for cell in cells if cell.entry.pk or (cell.priority == PlanPriority.CRITICAL and cell.phase_open)]
        if told or phase.pk in now:
            found.append((phase, now.get(phase.pk), told))
    return found


def _title(crisis):
    return Fact("title", Crisis._meta.get_field("title").verbose_name.capitalize(), crisis.title)


def _named(countries):
    return sorted(filter(None, countries or ()))


def _reviews(crisis):
    said = _as_rows(ReviewComment.objects.filter(review=OuterRef("pk")), "review")
    found = list(crisis.reviews.select_related("by").annotate(rows=said)[:REVIEWS_SHOWN])
    for review in found:
        review.said = _comments(review.rows)
    return found


def _history(crisis, seen):
    """The rows of history that changed content, from the approved one on, the newest first. One query, or none."""
    known = [revision for revision in (crisis.approved_revision, seen) if revision is not None]
    if not known or crisis.content_revision <= min(known):
        return []
    countries = Subquery(
        Crisis.history.filter(pk=OuterRef("pk"))
        .order_by()
        .values("pk")
        .annotate(rows=Rows(F("historicalcrisis_other_countries__country__name")))
        .values("rows")
    )
    rows = crisis.history.filter(revision__gte=min(known), content_revision=F("revision"))
    return list(rows.select_related("history_user", "main_country").annotate(countries=countries).order_by("-revision"))


def _entries(crisis, history, since, but=""):
    """What changed after a revision, in words; without the events named so."""
    if since is None:
        return []
    content = reference.content(crisis.edition_id)
    rows = [row for row in history if row.revision > since]
    return [entry(row, content) for row in rows if (row.history_change_reason or {}).get("event") != but]


def _differences(crisis, facts, history):
    approved = next((row for row in history if row.revision == crisis.approved_revision), None)
    if approved is None:
        return []
    then = copy(crisis)
    then._state = copy(crisis._state)
    then._state.fields_cache = {}
    for field in Crisis._meta.concrete_fields:
        if hasattr(approved, field.attname):
            setattr(then, field.attname, getattr(approved, field.attname))
    then.main_country = approved.main_country
    before = {fact.field: fact.answer for fact in facts_in_words(then, _named(approved.countries), own=True)}
    before["title"] = then.title
    return [Difference(fact, before.get(fact.field, "")) for fact in facts if before.get(fact.field) != fact.answer]
