"""How the API reads JSON, in UTF-8, of a sensible size, saying each thing once; and how it writes it."""

import json

import orjson
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

OTHERS = JSONEncoder().default  # for moments, words to be translated and the like, as the framework writes them
MOST = 64 * 1024  # bytes: many times the longest edit


class TooLarge(APIException):
    status_code = 413


class Json(BaseParser):
    """A JSON document, strictly: no NaN, no name twice, no depth that nobody needs."""

    media_type = "application/json"

    def parse(self, stream, media_type=None, parser_context=None):
        charset = parser_context["request"].META.get("CONTENT_TYPE", "").lower().partition("charset=")[2]
        if charset and charset.split(";")[0].strip(" \"'") not in ("utf-8", "utf8"):
            raise UnsupportedMediaType(media_type, detail=_("Send the JSON in UTF-8."))
        sent = stream.read(MOST + 1)
        if len(sent) > MOST:
            raise TooLarge
        try:
            return json.loads(sent.decode(), object_pairs_hook=_once, parse_constant=_refused)
        except RecursionError:
            raise ParseError(_("The JSON is too deep.")) from None
        except ValueError as error:
            raise ParseError(_("This is not JSON: %(why)s") % {"why": error}) from None


def _once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(_("a name is there twice."))
    for name in found:
        name.encode()  # half a character is no name
    return found


def _refused(constant):
    raise ValueError(_("%(constant)s is no value.") % {"constant": constant})


class Answer(JSONRenderer):
    """The same JSON as the framework's own, written in a tenth of its time."""

    def render(self, data, accepted_media_type=None, renderer_context=None):
        if data is None:
            return b""
        return orjson.dumps(data, default=OTHERS, option=orjson.OPT_PASSTHROUGH_DATETIME)
