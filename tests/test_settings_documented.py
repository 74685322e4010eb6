"""What differs between machines is told in one place: the table of the README."""

import ast
import re

from django.conf import settings


def read_from_the_environment():
    tree = ast.parse((settings.BASE_DIR / "mcof" / "settings.py").read_text())
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute))
    return {node.args[0].value for node in calls if getattr(node.func.value, "id", "") == "env" and node.args}


def told_in_the_readme():
    return set(re.findall(r"^\| `([A-Z_]+)` \|", (settings.BASE_DIR / "README.md").read_text(), re.M))


def test_every_variable_the_settings_read_is_in_the_readme_and_no_other():
    assert read_from_the_environment() == told_in_the_readme()
