"""Pages as of a past moment: what the address asks for, and the crisis as it stood then."""

from dataclasses import dataclass
from datetime import datetime
from functools import wraps

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from crises.dates import moment
from crises.past import crisis_at


@dataclass(frozen=True)
class Then:
    """The past moment that an address asks for."""

    at: datetime
    said: str  # as the address says it
    now: str  # the same address without it

    @property
    def query(self):
        """What the address of another page of the same moment ends with."""
        return f"?{self.more[1:]}"

    @property
    def more(self):
        """The same, where the address has a query already."""
        return f"&{urlencode({'as_of': self.said})}"

    @property
    def day(self):
        """Whether the address names a day, which a field for dates can show."""
        return "T" not in self.said


class NotLoggedYet(Http404):
    """The crisis, which the reader may see, was logged after the moment that the address asks for."""

    def __init__(self, crisis):
        super().__init__()
        self.crisis = crisis


def as_of(view):
    """Gives the view `then`, the past moment that its address asks for, or None, and takes that off its parameters.

    Answers 400 where it is no moment of the past, and 404 in words where the crisis was not logged yet.
    """

    @wraps(view)
    def guarded(request, *args, **kwargs):
        rest = request.GET.copy()
        asked = [text for text in rest.pop("as_of", []) if text]
        try:
            then = _then(request, asked, rest)
        except ValidationError as error:
            return wrong_address(request, {"as_of": error.messages}, csv=_is_file(request))
        request.GET, request.dated = rest, True  # such a page offers the way to another moment
        try:
            return view(request, *args, then=then, **kwargs)
        except NotLoggedYet as not_yet:
            return _not_logged_yet(request, then, not_yet.crisis)

    return guarded


def _is_file(request):
    """Whether the address is that of a table as a file, whose reader is told in plain text what is wrong."""
    return request.path.endswith((".csv", ".xlsx"))


def _then(request, asked, rest):
    if len(asked) > 1:
        raise ValidationError(_("The parameter “as_of” is there twice. Keep one."))
    if not asked:
        return None
    query = f"?{rest.urlencode()}" if rest else ""
    return Then(moment(asked[0], timezone.now()), asked[0], f"{request.path}{query}")


def _not_logged_yet(request, then, crisis):
    words = {
        "then": date_format(then.at, "j M Y, H:i"),
        "logged": date_format(crisis.logged_at, "j M Y, H:i"),
    }
    sentence = _("This crisis was not logged yet on %(then)s UTC; it was logged on %(logged)s UTC.") % words
    if _is_file(request):
        return HttpResponse(sentence, status=404, content_type="text/plain; charset=utf-8")
    context = {"crisis": crisis, "then": then, "sentence": sentence}
    return render(request, "crises/not_logged_yet.html", context, status=404)


def wrong_address(request, problems, *, csv=False):
    """Nothing is shown for an address that is not understood: a slip of typing must not look like an answer."""
    if csv:
        lines = [str(line) for lines in problems.values() for line in lines]
        return HttpResponse("\n".join(lines), status=400, content_type="text/plain; charset=utf-8")
    return render(request, "crises/wrong_address.html", {"problems": problems}, status=400)


def stood(request, crisis, then):
    """The crisis as it stood then, where the reader might have read it then as well; as it is where there is no then.

    One query for the past. Raises NotLoggedYet, and Http404 as for a crisis that is hidden.
    """
    if then is None:
        return crisis
    past = crisis_at(crisis, then.at, reader=request.user)
    if past is None:
        raise NotLoggedYet(crisis) if then.at < crisis.logged_at else Http404
    return past
