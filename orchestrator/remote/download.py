"""What a sweep that is kept at a URL needs from there before it begins."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evals.errors import ConfigError
from orchestrator.remote.mirror import Mirror
from orchestrator.remote.url_file_system import Unreachable, unusable
from orchestrator.storage.address import Address
from orchestrator.storage.byte_size import size_text
from orchestrator.storage.records import Storage
from trainers.disk_full import lacks_room


def pulled(address: Address, folder: Path, name: str) -> Mirror:
    """Fetches the folder of the sweep `name` and all results at the address to `folder`.

    Raises:
        ConfigError: the URL cannot be reached, or the folder, which the cache is, cannot be used.
    """
    Storage(folder).check_writable(name, key="cache")
    mirror = Mirror(address, folder)
    with _explained(mirror.url, folder):
        mirror.pull(name)
    return mirror


def fetch_model(mirror: Mirror, job_hash: str) -> None:
    """Fetches the model that a finished job has left behind.

    Raises:
        ConfigError: the URL cannot be reached any more, or the cache has no room for it.
    """
    with _explained(mirror.url, mirror.root):
        mirror.pull_model(job_hash)


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
