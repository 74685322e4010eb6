"""What a person meets whatever their screen, theme or aids: axe finds nothing, and no page scrolls sideways."""

import pytest

from tests import factories

pytestmark = pytest.mark.browser

PUBLIC = ["/", "/login/", "/matrix/", "/sectors/", "/systems/", "/help/", "/accessibility/", "/api/"]


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_for_everybody_is_accessible(page, axe, path):
    look(page, axe, path)


def look(page, axe, path):
    """Light and dark, desk and phone; 320 px is the narrowest screen a page may be read on without scrolling sideways."""
    assert page.goto(path).ok
    for scheme in ("light", "dark"):
        for width in (1280, 360):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            axe(page)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
