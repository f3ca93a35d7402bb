"""What a sweep and its methods may be called: names are parts of files' names."""

import re

from evals.errors import ConfigError, cut, shown
from orchestrator.config.budget import ATTACKS, FINALISTS

FOLDER_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
MAX_NAME = 100
"""Letters of a sweep's name, and of a method's label."""
RESERVED = ("original", "gold", FINALISTS, ATTACKS)


def is_name(text: str) -> bool:
    """Returns whether a sweep or a method could be called so."""
    return len(text) <= MAX_NAME and re.fullmatch(FOLDER_NAME, text) is not None


def check_label(label: str) -> None:
    """Refuses a method's label that means something else, or is no name.

    Raises:
        ConfigError: it is one.
    """
    if label in RESERVED:
        raise ConfigError(
            f"methods.{label} must be a label that means nothing else but got {label!r}, which the "
            "ledger books under; rename it"
        )
    if not is_name(label):
        raise ConfigError(
            f"methods.{cut(label)} must be a label of letters, digits, '_', '.' and '-', at most "
            f"{MAX_NAME} in all, but got {shown(label)}; rename it"
        )
