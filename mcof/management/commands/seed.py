"""Load the framework, the countries and the bands of ages where they are missing."""

from django.core.management import call_command
from django.core.management.base import BaseCommand

from crises import standing
from crises.models import AgeBand
from offices.models import Country
from sectors.models import Edition


class Command(BaseCommand):
    help = "Load the framework, the countries and the bands of ages where they are missing. Never overwrites them."

    def handle(self, *, verbosity, **options):
        missing = [
            fixture
            for fixture, rows in {
                "countries": Country.objects.all(),
                "framework": Edition.objects.filter(framework__slug="mcof-2012", number=1),
                "age_bands": AgeBand.objects.all(),
            }.items()
            if not rows.exists()
        ]
        if missing:
            call_command("loaddata", *missing, verbosity=0)
        standing.catch_up()
        if verbosity:
            self.stdout.write(f"Seeded {', '.join(missing)}." if missing else "Nothing to seed: all is there.")
