"""Enter the demo's people and crises. Refuses where DEMO is off."""

from django.conf import settings
from django.core.management.base import BaseCommand

from crises import demo
from offices.demo import load_people, partner_token

TOKEN = settings.BASE_DIR / "var" / "demo-partner-token"


class Command(BaseCommand):
    help = "Enter the demo: people, real crises and exercises. Enters only what is missing. Refuses where DEMO is off."

    def handle(self, *, verbosity, **options):
        load_people()
        entered = demo.load(report=self.stdout.write if verbosity else lambda line: None)
        if entered and verbosity:
            self.stdout.write(f"{entered} crises entered.")
        if not TOKEN.exists():
            TOKEN.parent.mkdir(exist_ok=True)
            TOKEN.touch(mode=0o600)
            TOKEN.write_text(partner_token())
