"""Load the framework and the countries where they are missing."""

from django.core.management import call_command
from django.core.management.base import BaseCommand

from offices.models import Country
from sectors.models import Edition


class Command(BaseCommand):
    help = "Load the framework and the countries where they are missing. Never overwrites what is there."

    def handle(self, **options):
        for fixture, rows in {
            "countries": Country.objects.all(),
            "framework": Edition.objects.filter(framework__slug="mcof-2012", number=1),
        }.items():
            if not rows.exists():
                call_command("loaddata", fixture, verbosity=0)
                self.stdout.write(f"Seeded {fixture}.")
