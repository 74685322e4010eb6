"""What every page's frame needs to know."""

from django.conf import settings

THEMES = {"auto": "screen and (prefers-color-scheme:dark)", "dark": "screen", "light": "not all"}  # paper is white


def page(request):
    """The part of the site the reader is in, the media of the dark style sheet, and whether this is a demo."""
    theme = request.COOKIES.get("theme", "auto")
    return {
        "part": request.path.split("/")[1],
        "theme": theme if theme in THEMES else "auto",
        "dark_media": THEMES.get(theme, THEMES["auto"]),
        "demo": settings.DEMO,
    }
