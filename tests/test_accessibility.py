"""What a person meets whatever their screen, theme or aids: axe finds nothing, and no page scrolls sideways."""

import pytest

pytestmark = pytest.mark.browser

PUBLIC = ["/", "/login/", "/matrix/", "/sectors/", "/systems/", "/help/", "/accessibility/", "/api/"]


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_for_everybody_is_accessible(page, axe, path):
    look(page, axe, path)


def look(page, axe, path):
    """Light and dark, at a desk and on a phone; on the narrowest screens nothing scrolls sideways."""
    assert page.goto(path).ok
    for scheme in ("light", "dark"):
        for width in (1280, 360):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            axe(page)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
