"""The samples of docs/samples/, as the page about the API shows them: the files themselves, no second copy."""

from functools import cache
from typing import NamedTuple

from django.conf import settings

FOLDER = settings.BASE_DIR / "docs" / "samples"
LANGUAGES = {"py": "Python", "R": "R", "js": "JavaScript"}


class Sample(NamedTuple):
    language: str
    file: str
    text: str


@cache
def samples(name):
    """A sample in each language, such as of "sync"."""
    files = [(language, f"{name}.{ending}") for ending, language in LANGUAGES.items()]
    return [Sample(language, file, (FOLDER / file).read_text()) for language, file in files]
