"""Logging a crisis through the API: with its cells and figures in one request, once however often it is sent."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.response import Response

from crises import services
from crises.api import CrisisList
from crises.api.conditions import Refused
from crises.api.writing import NEW_KEY, needed_key, refusals, refuse_parameters, require_writer, told
from crises.duplicates import alike
from crises.serializers.intake import CrisisIntake, LoggedSerializer

DESCRIBES = ("title", "main_country", "cause", "started_on", "start_precision", "glide")


def candidate(crisis):
    """A crisis that may be the one sent, as the answer tells of it."""
    return {
        "reference": crisis.reference,
        "title": crisis.title,
        "country": crisis.main_country_id,
        "office": crisis.office.slug,
        "started": crisis.started_iso,
        "status": crisis.status,
        "likely": crisis.likeness.words,
        "reasons": crisis.likeness.sentences,
    }


@extend_schema_view(
    post=extend_schema(
        operation_id="log_crisis",
        summary="Log a crisis",
        parameters=[NEW_KEY],
        request=CrisisIntake,
        responses={201: LoggedSerializer},
        filters=False,
        description="With its cells and figures in one request: all of it is stored, or nothing. The plan and its gaps "
        "follow. Where a crisis that you may see is like it the answer is 409 with `candidates`, unless "
        "`confirmed_not_duplicate` is true. The ETag of the answer is what the next change of its facts is conditional "
        "on. Takes a token that may change, whose owner may log crises for the office.",
    )
)
class Crises(CrisisList):
    __doc__ = CrisisList.__doc__

    def post(self, request):
        require_writer(request)
        refuse_parameters(request)
        key, said = needed_key(request), told(CrisisIntake, request)
        distinct = self._told_apart(request, key, said)
        with refusals():
            outcome = services.log_crisis(by=request.user, key=key, distinct_from=distinct, **said)
        body = LoggedSerializer(outcome, context=self.get_serializer_context()).data
        tag = f'"{outcome.result["revision"]}"'
        return Response(body, status=201, headers={"Location": body["url"], "ETag": tag})

    def _told_apart(self, request, key, said):
        """The references of the like crises that this is said to be none of. Raises what answers 409 where there are
        some of which it is not said.

        What is alike may be this very submission, received a moment ago: the service answers that.
        """
        confirmed = said.pop("confirmed_not_duplicate")
        like = alike(request.user, **{name: said[name] for name in DESCRIBES})
        if like and not confirmed and not request.user.receipts.filter(key=key).exists():
            words = _(
                "It may be a crisis that is logged already. Look at “candidates”, and if it is none of them send it "
                "again with “confirmed_not_duplicate”: true."
            )
            raise Refused(409, words, kind="duplicate", candidates=[candidate(one) for one in like])
        return [one.reference for one in like]
