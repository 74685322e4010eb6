"""What version 1 of the API has promised (docs/contract-v1.txt), and what would break it. Pure functions, and a command
that writes the promise again once something has joined it:

    python -m tests.contract
"""

import os
import sys
from pathlib import Path
from typing import NamedTuple

PROMISED = Path(__file__).parent.parent / "docs" / "contract-v1.txt"
DEEPEST = 12
MARKS = {"required", "null"}


class Fact(NamedTuple):
    """What is promised of one thing: its type, whether it is required, may be null, and its codes."""

    kind: str
    required: bool = False
    null: bool = False
    codes: frozenset = frozenset()


def promises(schema):
    """A description in OpenAPI as what a client relies on: {(in, out or param; operation; where): Fact}."""
    found = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            found["is", name, "-"] = Fact("operation")
            for one in operation.get("parameters", ()):
                found["param", name, f"{one['in']}:{one['name']}"] = _fact(schema, one["schema"], one.get("required"))
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            _walk(schema, body, ("in", name), found)
            for status, answer in operation["responses"].items():
                if status.startswith("2"):
                    found["status", name, status] = Fact("status")
                    _walk(schema, answer.get("content", {}).get("application/json"), ("out", name), found)
    return found


def _walk(schema, media, key, found):
    if media:
        _into(schema, media["schema"], "", key, found, depth=0)


def _into(schema, node, where, key, found, depth):
    node = _resolved(schema, node)
    if depth > DEEPEST:
        return
    for choice in node.get("oneOf", ()):
        if "enum" not in _resolved(schema, choice):
            _into(schema, choice, where, key, found, depth + 1)
    if node.get("type") == "array":
        found[(*key, f"{where}[]")] = _fact(schema, node["items"], False)
        _into(schema, node["items"], f"{where}[]", key, found, depth + 1)
    needed = node.get("required", ())
    for name, inner in node.get("properties", {}).items():
        place = f"{where}.{name}".lstrip(".")
        found[(*key, place)] = _fact(schema, inner, name in needed)
        _into(schema, inner, place, key, found, depth + 1)


def _resolved(schema, node):
    """A node with what it refers to, and what alone it is all of."""
    seen = dict(node)
    for reference in [seen.pop("$ref", None), *(one.get("$ref") for one in seen.pop("allOf", ()))]:
        if reference:
            seen |= _resolved(schema, schema["components"]["schemas"][reference.rpartition("/")[2]])
    return seen | ({"nullable": True} if node.get("nullable") else {})


def _fact(schema, node, required):
    node = _resolved(schema, node)
    codes = [*node.get("enum", ())]
    for choice in node.get("oneOf", ()):
        codes += _resolved(schema, choice).get("enum", ())
    null = bool(node.get("nullable")) or None in codes
    known = frozenset(str(code) for code in codes if code not in (None, ""))
    return Fact(node.get("type", "string" if codes else "any"), bool(required), null, known)


def breaks(promised, now):
    """What a client that relies on the promise would trip over, in sentences; empty where nothing breaks."""
    found = []
    for key, was in promised.items():
        way, operation, where = key
        is_now = now.get(key)
        if is_now is None:
            found.append(f"{operation}: {where} ({way}) is gone.")
            continue
        if is_now.kind != was.kind:
            found.append(f"{operation}: {where} ({way}) was {was.kind} and is {is_now.kind}.")
        if way == "out":
            found += [f"{operation}: {where} may be null now."] if is_now.null and not was.null else []
            found += [f"{operation}: {where} may be missing now."] if was.required and not is_now.required else []
        else:
            found += [f"{operation}: {where} is required now."] if is_now.required and not was.required else []
            found += [f"{operation}: {where} takes no null now."] if was.null and not is_now.null else []
            if is_now.codes and (lost := was.codes - is_now.codes or (() if was.codes else is_now.codes)):
                found.append(f"{operation}: {where} takes less than it did: {', '.join(sorted(lost))}.")
    operations = {key[1] for key in promised}
    for key, fact in now.items():
        if key not in promised and fact.required and key[0] in ("in", "param") and key[1] in operations:
            found.append(f"{key[1]}: {key[2]} is new and required.")
    return found


def written(found):
    """Promises as lines of text, in order."""
    lines = []
    for (way, operation, where), fact in sorted(found.items()):
        marks = [mark for mark in ("required", "null") if getattr(fact, mark)]
        codes = ["=" + "|".join(sorted(fact.codes))] if fact.codes else []
        lines.append(" ".join([way, operation, where, fact.kind, *marks, *codes]))
    return "\n".join(lines) + "\n"


def read(text):
    """The promises that lines of text hold."""
    found = {}
    for line in text.splitlines():
        way, method, path, where, kind, *more = line.split(" ")
        codes = frozenset(more.pop()[1:].split("|")) if more and more[-1].startswith("=") else frozenset()
        found[way, f"{method} {path}", where] = Fact(kind, "required" in more, "null" in more, codes)
    return found


def current():
    """What the code promises now."""
    from drf_spectacular.generators import SchemaGenerator

    return promises(SchemaGenerator().get_schema(request=None, public=True))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    told = breaks(read(PROMISED.read_text()) if PROMISED.exists() else {}, current())
    if told:
        sys.exit("\n".join(["This would break clients. It needs a version of its own, or has to be undone:", *told]))
    PROMISED.write_text(written(current()))
