"""Tells which pictures are left out."""

import warnings
from collections.abc import Sequence

SHOWN = 5


def tell_left_out(names: Sequence[str]) -> None:
    """Warns of pictures that are left out, the first of them by name, if there are any."""
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        warnings.warn(
            f"{len(names)} unreadable pictures are left out: {', '.join(names[:SHOWN])}{more}",
            stacklevel=2,
        )
