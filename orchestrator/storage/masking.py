"""Finds passwords and tokens in addresses, and masks them in whatever is written."""

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"
SECRET_NAME = re.compile(
    r"pass|pwd|pw$|token|secret|key|sig|sas$|cred|auth|cookie|jwt|bearer|session|private|^pat$"
    r"|connect(ion)?_?str|odbc_connect|^code$|^pin$|otp",
    re.IGNORECASE,
)
"""What the name of a query's parameter has in it when its value is a secret."""
REFERENCES = re.compile(r"(\$\{[A-Za-z_][A-Za-z0-9_]*\})+")
"""A value that is read from the environment whole: it says nothing."""
SHORTEST = 4
"""Letters of the shortest secret that is looked for in free text; less is in every other word."""
_URL = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]*(?:::[A-Za-z][A-Za-z0-9+.\-]*)*://[^\s'\"`<>]*[^\s'\"`<>),.;:\]]"
)
_PAIR = re.compile(r"([?&;#])([^=&;#?\s]+)=([^&;#\s'\"`<>]*)")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:@]*)(:\d*)?")


@dataclass(frozen=True, slots=True)
class Span:
    """A secret in a text: from `start` to `end`."""

    start: int
    end: int


def secret_spans(url: str) -> list[Span]:
    """Returns where in a URL secrets are, in order: of its user information and its query."""
    scheme, separator, rest = url.partition("://")
    first = len(scheme) + len(separator)
    info = _user_info(rest) if separator else ""
    spans = _of_user(scheme, info, first) if info else []
    for pair in _PAIR.finditer(url, first + len(info)):
        if pair[3] and SECRET_NAME.search(unquote(pair[2])):
            spans.append(Span(*pair.span(3)))
    return spans


def masked(url: str) -> str:
    """Returns a URL with `***` for each secret that is not a reference to the environment."""
    spans = secret_spans(url)
    return _replaced(
        url, [each for each in spans if not REFERENCES.fullmatch(url[each.start : each.end])]
    )


def anonymous(url: str) -> str:
    """Returns a URL with `***` for each secret, so that all secrets give the same text."""
    return _replaced(url, secret_spans(url))


def masked_text(text: str) -> str:
    """Returns a text with the secrets of all URLs in it masked."""
    return _URL.sub(lambda found: masked(found[0]), text)


def forms(secret: str) -> set[str]:
    """Returns a secret in every form in which a library may say it."""
    plain = {secret, unquote(secret), unquote_plus(secret)}
    encoded = {each for one in plain for each in (quote(one, safe=""), quote(one), quote_plus(one))}
    literal = {each for one in plain for each in (repr(one)[1:-1], json.dumps(one)[1:-1])}
    return {each for each in plain | encoded | literal if len(each) >= SHORTEST}


def basic_form(user: str, password: str) -> str:
    """Returns user and password, of a URL, as HTTP's basic authentication sends them."""
    return base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()


def without(text: str, secrets: Iterable[str]) -> str:
    """Returns a text with `***` for the secrets, and those of all URLs in it."""
    for each in sorted(secrets, key=len, reverse=True):
        text = text.replace(each, MASK)
    return masked_text(text)


def _replaced(url: str, spans: Iterable[Span]) -> str:
    for span in sorted(spans, key=lambda span: -span.start):
        url = f"{url[: span.start]}{MASK}{url[span.end :]}"
    return url


def _of_user(scheme: str, info: str, start: int) -> list[Span]:
    """Returns the secret of "user:password@"; over HTTP a user without password is a token."""
    user, colon, password = info[:-1].partition(":")
    if password and password != "x-oauth-basic":  # noqa: S105  how GitHub says that there is none
        begin = start + len(user) + len(colon)
        return [Span(begin, start + len(info) - 1)]
    if scheme.startswith("http") and user:
        return [Span(start, start + len(user))]
    return []


def _user_info(rest: str) -> str:
    """Returns what stands before the host, with its @.

    A `/`, `?` or `#` in a password should have been encoded, and does not hide it when it was not.
    """
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        return authority[: authority.rfind("@") + 1]
    return "" if _HOST.fullmatch(authority) else rest[: rest.rfind("@") + 1]
