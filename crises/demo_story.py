"""One crisis of the demo told in order, through the services, by the people of its office."""

import uuid
from datetime import UTC, date, datetime, time, timedelta

from django.core.mail import get_connection
from django.db import transaction

from crises import services
from crises.dates import Precision
from crises.models import Gap, Receipt
from offices.demo import office_of, person_of
from offices.models import Country, Role, User
from sectors import reference
from sectors.models import Edition

NAMESPACE = uuid.UUID("5f0e2d3c-6f3b-4a55-9d0a-3f5f7f1c2014")


def partial(text):
    """ "2014-06" as (2014-06-01, month)."""
    parts = [int(part) for part in text.split("-")]
    precision = [Precision.YEAR, Precision.MONTH, Precision.DAY][len(parts) - 1]
    return date(*[*parts, 1, 1][:3]), precision


def noon(day):
    return datetime.combine(day, time(12), UTC)


class Story:
    """One crisis told in order: what happened when, and who of its office entered it."""

    def __init__(self, slug, country, facts, phases, *, exercise=False):
        self.slug, self.country, self.facts, self.phases, self.exercise = slug, country, facts, phases, exercise
        self.office = office_of(country)
        self.field, self.lead = person_of(Role.FIELD, country), person_of(Role.LEAD, country)
        self.hq = User.objects.get(username="hq")
        self.content = reference.content(Edition.objects.current().pk)
        self.events = []

    @property
    def key(self):
        return uuid.uuid5(NAMESPACE, self.slug)

    def then(self, at, act, **what):
        """Add an event; `act` is a service, called with the crisis."""
        self.events.append((at, len(self.events), act, what))

    def activate(self, at, code, slug, *, status="active", **entry):
        self.then(at, self._change, code=code, slug=slug, status=status, by=self.field, **entry)

    def _change(self, *, crisis, code, slug, **what):
        sector, phase = self.content.sector(code), self.content.phase(slug)
        cell = crisis.cells.filter(sector=sector, phase=phase).first()
        services.change_status(crisis=crisis, sector=sector, phase=phase, revision=cell.revision if cell else 0, **what)

    def tailor(self, at, code, slug, priority, why):
        """Give a sector a priority of the office's own, and say why."""
        self.then(at, self._tailor, code=code, slug=slug, priority=priority, justification=why, by=self.field)

    def _tailor(self, *, crisis, code, slug, **what):
        sector, phase = self.content.sector(code), self.content.phase(slug)
        cell = crisis.cells.filter(sector=sector, phase=phase).first()
        services.set_priority(crisis=crisis, sector=sector, phase=phase, revision=cell.revision if cell else 0, **what)

    def confirm(self, at, slug, *codes):
        """Say of sectors in a phase that the framework's priority fits."""
        self.then(at, self._confirm, slug=slug, codes=codes, by=self.field)

    def _confirm(self, *, crisis, slug, codes, **what):
        cells = [(self.content.sector(code), self.content.phase(slug)) for code in codes]
        services.confirm_defaults(crisis=crisis, cells=cells, **what)

    def waive(self, at, code, slug, **what):
        self.then(at, self._waive, code=code, slug=slug, by=self.hq, **what)

    def _waive(self, *, crisis, code, slug, **what):
        gap = Gap.objects.open().get(crisis=crisis, sector__code=code, phase__slug=slug)
        services.waive_gap(gap=gap, **what)

    def approve(self, at, *, by):
        """The field officer sends the crisis to review, and a day later somebody else approves it."""
        self.then(at - timedelta(days=1), services.send_to_review, by=self.field)
        self.then(at, self._judge, step=services.approve, by=by)

    def send_back(self, at, **what):
        self.then(at, self._judge, step=services.send_back, by=self.hq, **what)

    def _judge(self, *, crisis, step, **what):
        crisis.refresh_from_db()
        step(crisis=crisis, seen=crisis.content_revision, **what)

    def ask(self, at, note):
        """HQ asks the office for an update. The mail of it goes nowhere: these people read none."""
        self.then(at, self._ask, note=note, by=self.hq)

    def _ask(self, *, crisis, at, **what):
        done = services.ask_for_update(crises=[crisis], at=at, **what)
        nowhere = get_connection("django.core.mail.backends.dummy.EmailBackend")
        services.mail_requests(done.rows, site="", at=at, connection=nowhere)

    def assign(self, at, to):
        """HQ says who looks after the crisis: themselves, or a colleague of this name."""
        self.then(at, self._assign, to=to, by=self.hq)

    def _assign(self, *, crisis, to, **what):
        services.assign(crises=[crisis], to=User.objects.get(username=to), **what)

    def withdraw(self, at, value, why):
        """Withdraw the figure of this value."""
        self.then(at, self._withdraw, value=value, why=why, by=self.field)

    def _withdraw(self, *, crisis, value, **what):
        services.withdraw_statement(statement=crisis.figures.standing().get(value=value), **what)

    @property
    def is_told(self):
        return Receipt.objects.filter(user=self.field, key=self.key).exists()

    def log(self, at):
        """Log the crisis. The events of the story happen to it."""
        self.crisis = services.log_crisis(
            by=self.field,
            key=self.key,
            office=self.office,
            main_country=Country.objects.get(pk=self.country),
            phases=self.phases,
            exercise=self.exercise,
            at=at,
            **self.facts,
        ).crisis


def tell(stories, report=print):
    """Enter what of [(story, when it was logged)] is not there yet, all or nothing. Returns how many crises were.

    Everything in order of time, also across stories, so that the numbers of changes follow their days.
    """
    new = [(story, logged) for story, logged in stories if not story.is_told]
    happens = []
    for number, (story, logged) in enumerate(new):
        happens.append((logged, number, -1, lambda story=story, logged=logged: story.log(logged)))
        for at, order, act, what in story.events:
            does = lambda story=story, at=at, act=act, what=what: act(crisis=story.crisis, at=at, **what)  # noqa: E731
            happens.append((max(at, logged), number, order, does))
    with transaction.atomic():
        for *_when, do in sorted(happens, key=lambda one: one[:3]):
            do()
    for story, _logged in new:
        report(f"  {story.facts['title']}")
    return len(new)
