r"""Text and numbers as LaTeX sets them, whatever signs are in them.

A paper may be set by pdflatex with the fonts of long ago (OT1), so only what these have is let
through: ASCII, accented Latin letters, and the signs that mathematics has a name for.
"""

import re
import unicodedata

ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": "'",
    "[": "{[}",
    "\u2020": r"\dag{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
}
NAMED = {
    "∞": r"\infty",
    "≥": r"\geq",
    "≤": r"\leq",
    "±": r"\pm",
    "×": r"\times",
    "→": r"\to",
    "·": r"\cdot",
    "−": "-",
    "µ": r"\mu",
    "α": r"\alpha",
    "β": r"\beta",
    "γ": r"\gamma",
    "λ": r"\lambda",
}
"""What mathematics has a name for."""
TYPED = {"‘": "'", "’": "'", "“": "''", "”": "''", "„": "''", "«": "''", "»": "''", "…": "..."}
DASHES = str.maketrans({"–": "--", "—": "---"})
SAFE_LETTERS = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")
UNKNOWN = "?"
SCIENTIFIC = re.compile(r"^(-?[\d.]+)e([+-]\d+)$")
PATH = re.compile(r"(?:[\w.+-]+:/+|(?<![\w.)/])~?)((?:/[^\s/'\"(),:;]+){2,})/?")
"""An absolute path or a URL of several parts, which are the group."""


def escaped(text: str) -> str:
    """Returns the text in one line, with all that LaTeX reads as something else or cannot set.

    Of a path no more than the last part is there (`unplaced`).
    """
    plain = unplaced(text)
    plain = plain.replace(">=", "≥").replace("<=", "≤")
    made = "".join(_set(sign) for sign in re.sub(r"(?<![\w.-])-(?=[\d.∞])", "−", plain))
    return re.sub(r"--+", lambda found: "{}".join(found[0]), made).translate(DASHES)


def unplaced(text: str) -> str:
    """Returns the text in one line, and of each path the last part: others may say whose it is.

    A short path is left out whole, since its last part may be somebody's home.
    """
    return PATH.sub(_last_part, " ".join(text.split()))


def _last_part(found: re.Match[str]) -> str:
    parts = found[1].split("/")[1:]
    return f".../{parts[-1]}" if len(parts) > 2 else "..."


def number(text: str, *, brief: bool = False) -> str:
    """Returns a number that was rounded for people in math mode, with a real power of ten.

    Where there is little room a `brief` one is "3.14e-4".
    """
    scientific = SCIENTIFIC.match(text)
    if scientific is not None and int(scientific[2]) == 0:
        return f"${scientific[1]}$"
    if scientific is not None:
        power = f"{{{int(scientific[2])}}}"
        sign = rf"\mathrm{{e}}{power}" if brief else rf" \times 10^{power}"
        return f"${scientific[1]}{sign}$"
    return f"${text}$" if re.match(r"^-?[\d.]+$", text) else escaped(text)


def _set(sign: str) -> str:
    if sign in ESCAPES:
        return ESCAPES[sign]
    if sign in NAMED:
        return f"${NAMED[sign]}$"
    if sign.isascii():
        return sign if sign.isprintable() else " "
    if sign in SAFE_LETTERS or ord(sign) in DASHES:
        return sign
    return TYPED.get(sign) or _plain(sign)


def _plain(sign: str) -> str:
    """Returns a letter without what stands on or below it; what has none in ASCII is unknown."""
    parts = (p for p in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(p))
    return "".join(ESCAPES.get(p, p) if p.isascii() and p.isprintable() else UNKNOWN for p in parts)
