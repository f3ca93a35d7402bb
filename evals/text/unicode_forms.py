"""What Unicode says of a text: whether it shows anything, and what it is in one normal form."""

import unicodedata

FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that show nothing although Unicode counts them as letters, marks or symbols."""
SELECTORS = ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
"""First and last of the variation selectors: marks that only choose how another one looks."""
UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""General categories of control and format characters and of white space."""


def is_blank(text: str) -> bool:
    """Returns whether nothing of `text` is seen: white space, zero-width or format characters."""
    return all(map(_is_unseen, text))


def normal_form(text: str) -> str:
    """Returns `text` in NFC, in which letters that look alike are one sequence of code points."""
    return unicodedata.normalize("NFC", text)


def _is_unseen(character: str) -> bool:
    return (
        unicodedata.category(character) in UNSEEN
        or character in FILLERS
        or any(first <= ord(character) <= last for first, last in SELECTORS)
    )
