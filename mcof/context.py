"""What every page's frame needs to know."""

from django.conf import settings

THEMES = {"auto": "(prefers-color-scheme:dark)", "dark": "all", "light": "not all"}


def page(request):
    """The part of the site the reader is in, the media of the dark style sheet, and whether this is a demo."""
    theme = request.COOKIES.get("theme", "auto")
    return {
        "part": request.path.split("/")[1],
        "theme": theme if theme in THEMES else "auto",
        "dark_media": THEMES.get(theme, THEMES["auto"]),
        "demo": settings.DEMO,
    }
