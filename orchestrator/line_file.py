"""Files that grow by whole lines: journals that outlive the process which writes them."""

from pathlib import Path


def mend(file: Path) -> None:
    """Removes the half line that a process which died while writing left at the end.

    Whatever is appended after it would be lost with it.
    """
    if not file.is_file():
        return
    with file.open("r+b") as stream:
        text = stream.read()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            stream.truncate(whole)
