"""A second, smaller framework as pure data: four sectors, two phases, its own codes and slugs. Made up for tests.

Loaded the way a new framework reaches a site: as rows, in force from a later day, with nothing of the code changed.
"""

import json

from django.core.management import call_command

SLUG = "small-2027"
SECTORS = {"A1": "shelter-nfi", "A2": "movement", "A3": "protection", "A4": "emergency-consular-assistance"}
PHASES = ["acute", "recovery"]
PRIORITIES = {
    ("A1", "acute"): "critical",
    ("A2", "acute"): "critical",
    ("A3", "acute"): "important",
    ("A4", "acute"): "critical",
    ("A1", "recovery"): "important",
    ("A2", "recovery"): "recommended",
    ("A3", "recovery"): "critical",
    ("A4", "recovery"): "recommended",
}
SAID = {"reason": "Made up for a test.", "paragraph": "TEST/1", "provenance": "official"}


def rows():
    yield (
        "framework",
        {
            "slug": SLUG,
            "title": "A smaller framework (test)",
            "symbol": "TEST/1",
            "in_force_from": "2027-01-01",
        },
    )
    for number, (code, slug) in enumerate(SECTORS.items(), 1):
        yield (
            "sector",
            {
                "framework": [SLUG],
                "number": number,
                "code": code,
                "slug": slug,
                "name": f"Small sector {code}",
                "short_name": f"Small {code}",
                "purpose": "Made up for a test.",
                "paragraph": "TEST/1",
            },
        )
    for number, slug in enumerate(PHASES, 1):
        yield (
            "phase",
            {
                "framework": [SLUG],
                "number": number,
                "slug": slug,
                "name": f"The {slug} phase",
                "short_name": slug.title(),
                "response": f"Response in the {slug} phase",
                "short_response": slug.title(),
                "objective": "Made up for a test.",
                "paragraph": "TEST/1",
            },
        )
    edition = [SLUG, 1]
    yield (
        "edition",
        {
            "framework": [SLUG],
            "number": 1,
            "published_at": "2027-01-01T00:00:00Z",
            "note": "Made up for a test.",
        },
    )
    for (code, phase), priority in PRIORITIES.items():
        conditional = code == "A4" and phase == "acute"
        yield (
            "sectorpriority",
            SAID
            | {
                "edition": edition,
                "sector": [SLUG, SECTORS[code]],
                "phase": [SLUG, phase],
                "priority": priority,
                "condition": "foreign_nationals" if conditional else "",
                "otherwise": "recommended" if conditional else "",
                "confidence": "high",
            },
        )
    for code, slug in SECTORS.items():
        yield (
            "systemlink",
            SAID
            | {
                "edition": edition,
                "sector": [SLUG, slug],
                "system": ["refugee-regime"],
                "strength": "main" if code == "A3" else "supporting",
            },
        )
    yield (
        "complementarity",
        SAID
        | {
            "edition": edition,
            "from_sector": [SLUG, SECTORS["A1"]],
            "from_phase": [SLUG, "acute"],
            "to_sector": [SLUG, SECTORS["A3"]],
            "to_phase": [SLUG, "acute"],
            "how": "enables",
        },
    )


def load(folder):
    """Load it into the database: from now on it is the framework in force."""
    fixture = folder / "second_framework.json"
    fixture.write_text(json.dumps([{"model": f"sectors.{model}", "fields": fields} for model, fields in rows()]))
    call_command("loaddata", str(fixture), verbosity=0)
