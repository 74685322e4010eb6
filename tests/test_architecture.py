"""The house rules that a machine can read: who may import whom, and what pages and style sheets never carry.

mcof -> exchange -> crises -> {sectors, offices}, never the other way. Inside an app, models and the rules stand below
the doors: pages (views, forms) and the API (api, serializers).
"""

import ast
import re

from django.conf import settings

ROOT = settings.BASE_DIR
BELOW = {
    "sectors": set(),
    "offices": set(),
    "crises": {"sectors", "offices"},
    "exchange": {"crises", "sectors", "offices"},
}
APPS = [app for app in BELOW if (ROOT / app).is_dir()]
DOORS = {"views", "api", "exports", "forms", "serializers", "filters", "admin", "urls", "apps", "management"}
PAGES = {"django.http", "django.shortcuts", "django.contrib.messages", "django.forms"}
HTTP = PAGES | {"rest_framework", "django_filters"}
NEVER = {
    "models": HTTP | {"services", "forms", "filters", "serializers", "views", "api"},
    "below the doors": HTTP | {"forms", "filters", "serializers", "views", "api"},
    "forms": {"services", "views", "api", "serializers", "rest_framework"},
    "serializers": {"services", "views", "api", "forms", "django.forms"},
    "filters": {"services", "views", "api"},
    "views": {"rest_framework", "serializers", "api"},
    "api": {"forms", "views", "django.forms", "django.shortcuts"},
}


class Module:
    """One source file: where it stands, and what it imports."""

    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(ROOT))
        self.package = path.relative_to(ROOT).parent.parts
        self.app = self.package[0]
        self.role = self.package[1] if len(self.package) > 1 else path.stem
        self.text = path.read_text()
        self.tree = ast.parse(self.text)

    @property
    def imports(self):
        """Every imported name with its module, such as crises.models.Crisis, wherever in the file it stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self.package[: len(self.package) - node.level + 1] if node.level else ()
                module = ".".join([*base, *([node.module] if node.module else [])])
                yield from (f"{module}.{alias.name}" for alias in node.names)

    def reaches(self, *targets):
        """The imports that are one of these modules or stand inside it."""
        return [name for name in self.imports if any(f"{name}.".startswith(f"{target}.") for target in targets)]


def source(*folders):
    paths = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return [Module(path) for path in paths if "migrations" not in path.parts]


APP_MODULES = source(*APPS)
MODULES = APP_MODULES + source("mcof")
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def offences(find, modules):
    """What the rule finds, by module: nothing where the rule is kept."""
    return {module.name: found for module in modules if (found := find(module))}


def test_an_app_imports_only_the_apps_below_it():
    def above(module):
        return module.reaches(*({"mcof", "tests", *BELOW} - BELOW[module.app] - {module.app}))

    assert offences(above, APP_MODULES) == {}


def test_models_and_rules_know_no_door_and_one_door_not_the_other():
    def reached(module):
        never = NEVER.get(module.role if module.role in DOORS | {"models"} else "below the doors", set())
        return module.reaches(*never, *(f"{app}.{name}" for app in BELOW for name in never))

    assert offences(reached, APP_MODULES) == {}


def test_the_wiring_knows_only_addresses_and_apis():
    def reached(module):
        return [name for name in module.reaches(*BELOW) if name.split(".")[1] not in {"urls", "api"}]

    assert offences(reached, [module for module in source("mcof") if module.role != "management"]) == {}


def test_nothing_happens_by_signal():
    def signals(module):
        return module.reaches("django.dispatch", "django.db.models.signals", "django.core.signals")

    assert offences(signals, MODULES) == {}


def test_no_class_overrides_save():
    def overrides(module):
        classes = (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))
        return [c.name for c in classes for node in c.body if getattr(node, "name", "") == "save"]

    assert offences(overrides, MODULES) == {}


def test_only_pages_the_api_and_the_admin_see_a_request():
    def takes_one(module):
        functions = (node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef))
        return [f.name for f in functions for a in [*f.args.args, *f.args.kwonlyargs] if a.arg == "request"]

    assert offences(takes_one, [module for module in APP_MODULES if module.role not in {"views", "api", "admin"}]) == {}


def test_a_module_is_named_after_what_it_holds():
    def nameless(module):
        return {"utils", "util", "common", "core", "helpers", "misc"} & {*module.package, module.path.stem}

    assert offences(nameless, MODULES) == {}


def test_a_module_can_be_read_in_one_sitting():
    def lines(module):
        return max(0, len(module.text.splitlines()) - 400)

    assert offences(lines, MODULES) == {}, "look for the missing noun and give it a module"


def test_templates_carry_no_inline_style_or_script_and_load_nothing_from_another_host():
    inline = r"<style|\sstyle\s*=|<script(?![^>]*\ssrc=)[^>]*>|\son[a-z]+\s*=|javascript:"
    elsewhere = r"<(?:link|script|img|iframe|source|use)\b[^>]*[\"'](?:https?:)?//[^>]*>"

    found = {path.name: re.findall(f"{inline}|{elsewhere}", path.read_text(), re.IGNORECASE) for path in TEMPLATES}

    assert {name: offences for name, offences in found.items() if offences} == {}


def test_style_sheets_stay_small_know_no_left_or_right_and_load_nothing():
    for path in sorted((ROOT / "mcof" / "static").glob("*.css")):
        name, text = path.name, path.read_text()
        budget = {"mcof.css": 16 * 1024, "dark.css": 1024}.get(name, 4 * 1024)
        rules = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        size = len(text.encode())

        assert size <= budget, name
        assert re.findall(r"[^;{]*\b(?:left|right)\b[^;}]*", rules) == [], "say inline-start or inline-end"
        assert re.findall(r"@import|url\([^)]*//[^)]*\)", rules) == []
