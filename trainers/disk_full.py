"""What a disk without room for a write looks like."""

import errno
import re

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The disk is full; the user's share of it is; a file would grow beyond the process's limit."""

IN_WORDS = re.compile(rf"\(os error ({'|'.join(map(str, NO_ROOM))})\)|No space left on device")
"""How libraries say it that raise errors of their own, such as safetensors."""


def lacks_room(error: BaseException) -> bool:
    """Returns whether `error` says that there was no room on a disk."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return True
    return bool(IN_WORDS.search(str(error)))
