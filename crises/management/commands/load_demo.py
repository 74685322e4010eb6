"""Enter the demo's people and crises. Refuses where DEMO is off."""

from django.conf import settings
from django.core.management.base import BaseCommand
from knox.crypto import hash_token

from crises import demo
from offices.demo import load_people, partner_token
from offices.models import Token

TOKEN = settings.BASE_DIR / "var" / "demo-partner-token"


class Command(BaseCommand):
    help = "Enter the demo: people, real crises and exercises. Enters only what is missing. Refuses where DEMO is off."

    def handle(self, *, verbosity, **options):
        load_people()
        report = self.stdout.write if verbosity else lambda line: None
        entered = demo.load(report=report)
        if entered and verbosity:
            self.stdout.write(f"{entered} crises entered.")
        issued = TOKEN.read_text() if TOKEN.exists() else ""
        if not Token.objects.filter(digest=hash_token(issued)).exists():  # as after a change of database
            TOKEN.parent.mkdir(exist_ok=True)
            TOKEN.touch(mode=0o600)
            TOKEN.write_text(partner_token())
