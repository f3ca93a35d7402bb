import pytest

from evals.text.unicode_forms import is_blank, normal_form

BLANK = [
    "",
    " ",
    "\t\n",
    "\u00a0\u2003\u3000",
    "\u200b\u200d\ufeff",
    "\u00ad",
    "\u2028",
    "\x00\x1f",
]


@pytest.mark.parametrize(
    "text", [*BLANK, "\x00\x1f", "\u2800", "\u3164\u115f", "\ufe0f", "\U000e0100"]
)
def test_what_shows_nothing_is_blank(text) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", " . ", "\u0301", "\u200b\u4e2d", "\U0001f600", "?"])
def test_what_shows_something_is_not(text) -> None:
    assert not is_blank(text)


def test_letters_that_look_alike_have_one_normal_form() -> None:
    assert normal_form("e\u0301") == normal_form("\u00e9") == "\u00e9"
