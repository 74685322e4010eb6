"""What is sent with a form: kept while its writer signs in again, and answered so that a reload repeats nothing."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponseRedirect, QueryDict

UNSENT = "unsent"  # in the session: what somebody sent after their session had ended
MOST_KEPT = 64_000  # characters of it: the longest honest form has a tenth


class SeeOther(HttpResponseRedirect):
    """After a form is received: the browser reads the address it is sent to, and a reload repeats nothing."""

    status_code = 303


def keep(request, path):
    """Keep what somebody sent for the form at another address."""
    answers = request.POST.copy()
    answers.pop("csrfmiddlewaretoken", None)
    if len(kept := answers.urlencode()) <= MOST_KEPT:
        request.session[UNSENT] = {"path": path, "answers": kept}


def keep_and_sign_in(request):
    """The session ended while somebody was writing: what they sent waits for them behind the sign-in."""
    keep(request, request.path)
    return redirect_to_login(request.path)


def sign_in_first(request):
    """A form that needs somebody: a visitor signs in and comes back to it, with what they sent."""
    return keep_and_sign_in(request) if request.method == "POST" else redirect_to_login(request.get_full_path())


def unsent(request):
    """What this person sent to this page before they signed in, handed out once; None where there is nothing.

    The form names its `writer`: what another person left behind is not shown.
    """
    kept = request.session.get(UNSENT)
    if not kept or kept["path"] != request.path:
        return None
    del request.session[UNSENT]
    answers = QueryDict(kept["answers"])
    return answers if answers.get("writer") == str(request.user.pk) else None
