"""Why a person sees what they see and may do what they do, in sentences.

The querysets and services of the crises decide; the words here follow them, role by role.
"""

from django.utils.translation import gettext as _

from offices.models import Office, Role


def sees(person, grants):
    """What the person can read, one sentence per reason. The grants come with their office and its parent."""
    if person.partner_id:
        return [_partner_sees(person.partner)]
    if not grants:
        return [_("You see the framework and no crisis, because no office has given you a role yet.")]
    return [sentence for grant in grants for sentence in _sees(grant.role, grant.office)]


def _partner_sees(partner):
    words = {"partner": partner.name, "countries": ", ".join(country.name for country in partner.countries.all())}
    if not words["countries"]:
        return _("You see no crisis, because the agreement with %(partner)s names no country yet.") % words
    return (
        _(
            "You see the crises that HQ shares with partners, where the country most affected is one of the agreement "
            "with %(partner)s: %(countries)s."
        )
        % words
    )


def _sees(role, office):
    words = {"office": office.name, "region": office.parent.name if office.parent else ""}
    match role:
        case Role.FIELD | Role.LEAD | Role.REGIONAL:
            as_role = {
                Role.FIELD: _("You see every crisis of %(office)s, because you are a field officer there."),
                Role.LEAD: _("You see every crisis of %(office)s, because you are an office lead there."),
                Role.REGIONAL: _("You see every crisis of %(office)s, because you are a regional officer there."),
            }
            yield as_role[role] % words
            if office.kind != Office.Kind.COUNTRY:
                yield _("Your role in %(office)s reaches the offices below it.") % words
            elif role != Role.REGIONAL and office.parent.kind == Office.Kind.REGIONAL:
                yield (
                    _("You see open crises of the other offices of %(region)s, where they are shared with IOM staff.")
                    % words
                )
        case Role.HQ:
            yield _("You see every crisis of every office, whatever its sharing, because you are an HQ reviewer.")
        case Role.AUDITOR:
            yield (
                _(
                    "You see every change of the crises of %(office)s and of the offices below it, who made it and "
                    "why, and who holds which role, because you are an auditor. This role shows no crisis itself."
                )
                % words
            )
        case Role.ADMINISTRATOR:
            yield _("You see people, roles and offices, because you are an administrator. This role shows no crisis.")


def may(person, grants):
    """What the person can change, one sentence per role."""
    allowed = [_may(grant.role) % {"office": grant.office.name} for grant in grants]
    if person.is_staff:
        allowed.append(_("You may make accounts, give and take away roles, and issue and revoke tokens of the API."))
    return allowed or [_("You may read. Nothing you do here changes a crisis.")]


def _may(role):
    return {
        Role.FIELD: _("You may log crises for %(office)s and keep their facts, plan, figures and activities true."),
        Role.LEAD: _(
            "You may log crises for %(office)s, keep their facts, plan, figures and activities true, and close and "
            "reopen them."
        ),
        Role.REGIONAL: _(
            "You may change nothing in the crises of %(office)s: each office keeps its own. You may ask those offices "
            "for an update and say who looks after a crisis."
        ),
        Role.HQ: _(
            "You may decide emergency levels, waive gaps and share crises with partners, ask any office for an update "
            "and say who looks after a crisis. What an office recorded, only the office changes."
        ),
        Role.AUDITOR: _("You may change nothing as an auditor."),
        Role.ADMINISTRATOR: _("You may change no crisis as an administrator."),
    }[role]
