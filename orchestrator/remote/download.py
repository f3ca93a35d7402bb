"""What a sweep that is kept at a URL needs from there before it begins."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evals.errors import ConfigError
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.planning.plan import Plan
from orchestrator.remote.mirror import Mirror, Unreachable, unusable
from orchestrator.storage.byte_size import size_text
from orchestrator.storage.records import Storage
from trainers.disk_full import lacks_room
from trainers.job import Phase


def fetched(config: SweepConfig) -> Mirror | None:
    """Fetches the sweep's folder and all results, and returns the mirror; None without a URL.

    Raises:
        ConfigError: the URL cannot be reached, or the cache cannot be used.
    """
    if not isinstance(config.storage, str):
        return None
    return pulled(config.storage, config.folder, config.name)


def pulled(url: str, folder: Path, name: str) -> Mirror:
    """Fetches the folder of the sweep `name` and all results at `url` to `folder`.

    Raises:
        ConfigError: the URL cannot be reached, or the folder, which the cache is, cannot be used.
    """
    Storage(folder).check_writable(name, key="cache")
    mirror = Mirror(url, folder)
    with _explained(url, folder):
        mirror.pull(name)
    return mirror


def fetch_model(mirror: Mirror | None, planned: Plan) -> None:
    """Fetches the original, from which trials start, if it was trained and is finished.

    Of the gold model they need its scores only.

    Raises:
        ConfigError: the URL cannot be reached any more, or the cache has no room for it.
    """
    if mirror is None:
        return
    for baseline in planned.baselines:
        if baseline.phase == Phase.ORIGINAL and baseline.finished and baseline.num_steps:
            with _explained(mirror.url, planned.config.folder):
                mirror.pull_model(baseline.job_hash)


@contextmanager
def _explained(url: str, folder: Path) -> Iterator[None]:
    """Turns what goes wrong into what a person can do about it, at the URL or on this machine."""
    try:
        yield
    except (Unreachable, FileNotFoundError) as error:
        raise unusable(url, error) from None
    except OSError as error:
        if lacks_room(error):
            there = next(each for each in (folder, *folder.parents) if each.exists())
            why, cure = f"{size_text(shutil.disk_usage(there).free)} free", "make room there, or "
        else:
            why, cure = error.strerror or str(error), ""
        raise ConfigError(
            f"cache must be a folder with room for what is at {url}, that can be written to, but "
            f"got {str(folder)!r} ({why}); {cure}choose another with cache=<folder>"
        ) from None
