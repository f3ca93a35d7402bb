"""The words of a command line: one config file, and settings as key=value."""

from collections.abc import Sequence

from evals.errors import ConfigError, shown

OPENING, CLOSING = "[{", "]}"


def split_words(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """Returns the config file, if one is named, and the overrides.

    Raises:
        ConfigError: two files are named, or a setting was cut at its spaces by the shell; the
            message has the words as they were probably meant.
    """
    check_uncut(words)
    files = [word for word in words if "=" not in word]
    if len(files) > 1:
        raise ConfigError(
            f"the command line must name one config file but got {' and '.join(files)}; "
            "write overrides as key=value"
        )
    return (files[0] if files else None), [word for word in words if "=" in word]


def check_uncut(words: Sequence[str]) -> None:
    """Refuses a setting that was cut at its spaces by the shell.

    Raises:
        ConfigError: has the words as they were probably meant.
    """
    for index, word in enumerate(words):
        before, after = words[max(index - 1, 0) : index], words[index + 1 : index + 2]
        if word.startswith("="):
            meant = "".join([*before, word, *(after if word == "=" else ())])
            raise _cut([*before, word, *(after if word == "=" else ())], meant)
        if word.endswith("=") and after and "=" not in after[0]:
            raise _cut([word, *after], word + after[0])
        if "=" in word and _depth(word) > 0:
            parts = _whole(words[index:])
            if len(parts) > 1:
                raise _cut(parts, f"'{' '.join(parts)}'")


def _cut(parts: Sequence[str], meant: str) -> ConfigError:
    return ConfigError(
        f"a setting must be one word, key=value, but got {shown(' '.join(parts))} in {len(parts)} "
        f"words; write {meant}"
    )


def _depth(text: str) -> int:
    """Returns how many brackets are left open."""
    return sum((c in OPENING) - (c in CLOSING) for c in text)


def _whole(words: Sequence[str]) -> list[str]:
    """Returns the first words up to where all brackets are closed, or one if they never are."""
    for count in range(1, len(words) + 1):
        if _depth(" ".join(words[:count])) <= 0:
            return list(words[:count])
    return [words[0]]
