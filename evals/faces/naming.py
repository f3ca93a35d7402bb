"""People by the names that data and users give them.

Names are compared in Unicode's NFC, in which letters that look alike are the same code points.
"""

import unicodedata
from collections.abc import Mapping, Sequence

from evals.errors import ConfigError, shown, suggestion


def normal_name(name: str) -> str:
    """Returns the name in NFC."""
    return unicodedata.normalize("NFC", name)


def check_names_differ(names: Sequence[str], *, where: str) -> None:
    """Refuses two people whose names differ by case or by Unicode's normal form alone.

    Raises:
        ConfigError: there are two; `where` is what they are in.
    """
    seen: dict[str, str] = {}
    for name in names:
        folded = normal_name(normal_name(name).casefold())
        twin = seen.setdefault(folded, name)
        if twin != name:
            raise ConfigError(
                f"{where} must hold people whose names differ by more than case or Unicode's "
                f"normal form but got {shown(twin)} and {shown(name)}; give them one name if they "
                "are one person, or rename one"
            )


def numbers_of(
    asked: Sequence[str], known: Mapping[str, int], *, key: str, where: str
) -> tuple[int, ...]:
    """Returns the numbers of the people who are `asked` for, ascending; `known` has NFC names.

    Raises:
        ConfigError: there is nobody of a name, or it is given twice.
    """
    names = [normal_name(name) for name in asked]
    for name in names:
        if name not in known:
            cure = suggestion(name, known) or f"there are {_some(known)}"
            raise ConfigError(f"{key} must be people of {where} but got {shown(name)}; {cure}")
        if names.count(name) > 1:
            raise ConfigError(
                f"{key} must name everybody once but got {shown(name)} twice; take one away"
            )
    return tuple(sorted(known[name] for name in names))


def _some(known: Mapping[str, int]) -> str:
    names = sorted(known)
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(map(shown, names[:10])) + more
