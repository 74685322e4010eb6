"""What people are told of by mail, once, after it is written: a mail that fails undoes nothing and can be sent again.

`site` is the address of the site, such as https://mcof.example.org/.
"""

from itertools import groupby
from smtplib import SMTPException
from urllib.parse import urljoin

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crises.models import Assignment, Counter, UpdateRequest
from crises.oversight import staff_of


def mail_requests(rows, *, site, at=None, connection=None):
    """Tell the field officers and leads of each office of these requests, one mail an office. How many failed.

    Those answered, withdrawn or mailed already are left out.
    """
    found = UpdateRequest.objects.standing().select_related("crisis__office", "asked_by")
    claimed = _claim(found, rows, at=at)
    staff, letters = staff_of({row.crisis.office_id for row in claimed}), []

    def office_and_ask(row):
        return row.crisis.office_id, row.asked_by_id, row.note

    for (office, _by, note), group in groupby(sorted(claimed, key=office_and_ask), office_and_ask):
        group = list(group)
        subject = ngettext("Update asked for: %(title)s", "Update asked for: %(n)s crises", len(group))
        to = [person.email for person in staff.get(office, ()) if person.email]
        context = {"by": group[0].asked_by, "note": note, "office": group[0].crisis.office}
        letters.append((group, to, _letter("asked", subject, group, to, site, context)))
    nobody = _("Nobody in the office has a mail address.")
    return _send(UpdateRequest, letters, nobody=nobody, connection=connection)


def mail_assignments(rows, *, site, at=None, connection=None):
    """Tell people which crises they look after from now on, one mail each; not who took them over. How many failed."""
    found = Assignment.objects.at().select_related("crisis__office", "assignee", "assigned_by")
    claimed = _claim(found, [row for row in rows if row.assignee_id != row.assigned_by_id], at=at)
    letters = []

    def person(row):
        return row.assignee_id, row.assigned_by_id

    for _key, group in groupby(sorted(claimed, key=person), person):
        group = list(group)
        subject = ngettext("Assigned to you: %(title)s", "Assigned to you: %(n)s crises", len(group))
        to = [group[0].assignee.email] if group[0].assignee.email else []
        letters.append((group, to, _letter("assigned", subject, group, to, site, {"by": group[0].assigned_by})))
    return _send(Assignment, letters, nobody=_("This person has no mail address."), connection=connection)


def _claim(found, rows, *, at):
    """Mark these rows as mailed before they are, so that of two senders one sends. Those marked before are left out."""
    with transaction.atomic():
        unsent = found.filter(pk__in=[row.pk for row in rows], emailed_at=None)
        claimed = list(unsent.select_for_update(of=("self",)).order_by("pk"))
        pks = [row.pk for row in claimed]
        found.model.objects.filter(pk__in=pks).update(emailed_at=at or timezone.now(), not_emailed="")
    return claimed


def _letter(name, subject, rows, to, site, context):
    crises = [
        {"title": row.crisis.title, "address": urljoin(site, reverse("crisis", args=[row.crisis.reference]))}
        for row in rows
    ]
    body = render_to_string(f"crises/mail/{name}.txt", {"crises": crises, "site": site, **context})
    words = {"title": rows[0].crisis.title, "n": len(rows)}
    return EmailMessage(" ".join((subject % words).split()), body, settings.DEFAULT_FROM_EMAIL, to)


def _send(model, letters, *, nobody, connection):
    """Send the letters over one connection, and note in words of which rows nobody was told."""
    failed, connection = {}, connection or get_connection()
    unreachable = _("The mail server did not take the mail.")
    try:
        connection.open()
        for rows, to, letter in letters:
            if to:
                try:
                    connection.send_messages([letter])
                except (OSError, SMTPException):
                    failed.setdefault(unreachable, []).extend(rows)
            else:
                failed.setdefault(nobody, []).extend(rows)
        connection.close()
    except (OSError, SMTPException):
        failed = {unreachable: [row for rows, _to, _letter in letters for row in rows]}
    with transaction.atomic():
        for words, rows in failed.items():
            pks = [row.pk for row in rows]
            model.objects.filter(pk__in=pks).update(emailed_at=None, not_emailed=words)
        if letters:
            Counter.next_revision()  # what pages across crises say of it has changed
    return sum(map(len, failed.values()))
