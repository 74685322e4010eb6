"""The languages of the API's lists of codes: what things are called, as the reader asks for it."""

from django.conf import settings
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control, set_response_etag
from django.utils.functional import cached_property
from django.utils.translation import override
from django.utils.translation.trans_real import parse_accept_lang_header

# Lists of names; other answers carry codes, and sentences that are in English.
LISTS = [
    "api-codes",
    "api-sectors",
    "api-phases",
    "api-systems",
    "api-clusters",
    "api-regions",
    "api-countries",
]
SENTENCES_TOO = LISTS[1:5]  # what the framework says of each is in English beside its name


def asked_for(accepted):
    """The language of ours that an Accept-Language header prefers; English where it names none of them."""
    ours = settings.LIST_LANGUAGES
    wanted = sorted(parse_accept_lang_header(accepted), key=lambda pair: -pair[1])
    found = (language.split("-")[0] for language, weight in wanted if weight)
    return next((language if language in ours else ours[0] for language in found if language in (*ours, "*")), ours[0])


class ListLanguage:
    """Answers the lists of codes in the language of the reader, and says which: each language is another answer, with
    an ETag of its own. Everything else, pages and problems too, is in English."""

    def __init__(self, get_response):
        self.get_response = get_response

    @cached_property
    def lists(self):
        return {reverse(name): name for name in LISTS}

    def __call__(self, request):
        name = self.lists.get(request.path)
        if name is None:
            return self.get_response(request)
        language = asked_for(request.headers.get("Accept-Language", ""))
        with override(language):
            response = self.get_response(request)
        if response.status_code != 200 or request.method not in ("GET", "HEAD"):
            return response
        also = ", en" if name in SENTENCES_TOO and language != "en" else ""
        response["Content-Language"] = f"{language}{also}"
        patch_cache_control(response, private=True, no_cache=True)
        if not response.has_header("ETag"):
            set_response_etag(response)
        answer = get_conditional_response(request, etag=response.get("ETag"), response=response)
        answer["Content-Language"] = response["Content-Language"]
        return answer
