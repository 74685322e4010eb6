"""Add a made-up archive, for trials of speed. Never on a site that people use."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from crises import sample


class Command(BaseCommand):
    help = "Add made-up crises, marked as exercises, with plans, gaps and figures: the same ones every time."

    def add_arguments(self, parser):
        parser.add_argument("--crises", type=int, default=1000, help="how many to add (default: %(default)s)")
        parser.add_argument("--open", type=int, default=200, help="how many of them are open (default: %(default)s)")
        parser.add_argument("--without-history", action="store_true", help="no rows of history: twice as fast")

    def handle(self, *, verbosity, **options):
        sample.make(
            options["crises"],
            open_ones=options["open"],
            today=timezone.now().date(),
            history=not options["without_history"],
            report=self.stdout.write if verbosity else lambda words: None,
        )
