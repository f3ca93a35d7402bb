"""Whose disk is full: that of the storage folder, or another one that a job writes to."""

import errno
import os
import shutil
from pathlib import Path

NEARLY_FULL_BYTES, NEARLY_FULL_SHARE = 10 * 2**30, 0.05
"""A disk with less free than either is nearly full: what found no room has been removed since."""


def is_storages(reason: str, root: Path) -> bool:
    """Returns whether what found no room for `reason` may have found none on `root`'s own disk.

    A node's /tmp or /dev/shm may be full as well, and so may a user's share of any disk, which
    counts here where the reason names a file of the storage.
    """
    if f"{root}{os.sep}" in reason and not _is_limit(reason):
        return True
    disk = shutil.disk_usage(root)
    return disk.free < max(NEARLY_FULL_BYTES, NEARLY_FULL_SHARE * disk.total)


def _is_limit(reason: str) -> bool:
    """Returns whether the file was too large for its process, which no room helps against."""
    return os.strerror(errno.EFBIG) in reason
