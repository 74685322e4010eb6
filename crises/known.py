"""What is known of a crisis, in words: its facts as pages list them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Fact:
    """One fact: the field that holds it, the question, and the answer, empty where it is not known yet."""

    field: str
    question: str
    answer: str


def facts_in_words(crisis, other_countries, *, own):
    """The facts of a crisis, or of a row of its history; what the office proposes only where `own`. No query."""
    said = {True: _("Yes"), False: _("No"), None: ""}
    cause = crisis.get_cause_display()
    facts = [
        ("summary", _("Summary"), crisis.summary),
        ("main_country", _("Country most affected"), crisis.main_country.name),
        ("other_countries", _("Other countries"), ", ".join(other_countries)),
        ("cause", _("Main cause"), f"{cause}: {crisis.cause_detail}" if crisis.cause_detail else cause),
        ("onset", _("How it began"), crisis.get_onset_display()),
        ("started_on", _("Start"), crisis.started),
        ("crosses_border", _("People cross a border"), said[crisis.crosses_border]),
        ("foreign_nationals", _("Foreign nationals are affected"), said[crisis.foreign_nationals]),
        ("groups", _("Who is affected"), "; ".join(map(str, crisis.group_labels))),
        ("state_request", _("The State has asked for support"), said[crisis.state_request]),
        ("glide", _("GLIDE number"), crisis.glide),
        ("places", _("Places"), crisis.places),
    ]
    if not crisis.is_open:
        facts.insert(6, ("ended_on", _("End"), crisis.ended))
    if own:
        facts.append(("level_proposed", _("Level the office proposes"), crisis.level_proposed))
    return [Fact(*fact) for fact in facts]
