"""Opens the searches of a sweep's methods, and leaves them."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from orchestrator.config import SweepConfig
from orchestrator.searching.search import MethodSearch
from orchestrator.storing.shortage import OutOfRoom


def open_searches(config: SweepConfig, folder: Path) -> dict[str, MethodSearch]:
    """Returns the search of each method, by label, as far as it has come in the sweep's folder."""
    return {
        label: MethodSearch(
            label,
            space=config.space(label),
            settings=config.search_for(label),
            folder=folder,
            seed=config.seed,
        )
        for label in config.methods
    }


def close_searches(searches: Iterable[MethodSearch]) -> None:
    """Leaves nothing running, for as long as there is room to write that down."""
    for search in searches:
        with suppress(OutOfRoom):  # what is left running waits when the sweep goes on
            search.close()
