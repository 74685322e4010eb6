"""The pages of a merged crisis lead to the same pages of the one that stands, for ever."""

from django.http import HttpResponsePermanentRedirect

from crises.views.scope import Moved
from crises.views.sent import SeeOther, keep


class FollowMerged:
    """Answers Moved with the same address of the survivor: 301, which no browser keeps, since a merge can be undone.

    What was sent to such an address waits in the survivor's form.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, Moved):
            return None
        was, now = f"/crises/{exception.reference}/", f"/crises/{exception.survivor}/"
        path = request.path.replace(was, now, 1)
        if request.method not in ("GET", "HEAD"):
            keep(request, path)
            return SeeOther(path)
        response = HttpResponsePermanentRedirect(request.get_full_path().replace(was, now, 1))
        response["Cache-Control"] = "private, no-store"
        return response
