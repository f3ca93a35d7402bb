"""One folder a person: which files are whose pictures."""

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evals.errors import ConfigError, shown
from evals.faces.naming import check_names_differ, normal_name

CLUTTER = ("thumbs.db", "ehthumbs.db", "desktop.ini")
"""What systems leave beside pictures, beside hidden files."""
MAX_BYTES = 1 << 28
"""Of one file."""


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file that should hold a picture; `id` and `person` are in Unicode's NFC."""

    id: str
    person: str
    path: Path

    def read(self) -> tuple[str, bytes]:
        """Returns what the file is called in errors, and its bytes.

        One that cannot be read has none, so that it is refused or skipped as others are that are
        no pictures.
        """
        try:
            if not self.path.is_file():
                return f"{self.path} (no regular file, nor a link to one)", b""
            if self.path.stat().st_size > MAX_BYTES:
                return f"{self.path} (more than {MAX_BYTES} bytes)", b""
            return str(self.path), self.path.read_bytes()
        except OSError as error:
            return f"{self.path} ({error.strerror})", b""


def picture_files(folder: Path, *, key: str) -> list[PictureFile]:
    """Returns the files of everybody in `folder`, by person and then by name.

    Raises:
        ConfigError: there are no people or names are ambiguous; `key` is what a user calls it.
    """
    people = _people(folder, key)
    names = [person.name for person in people]
    check_names_differ(names, where=f"{key} ({folder})")
    _check_one_folder_each(people, key)
    return [
        file
        for person in sorted(people, key=lambda person: normal_name(person.name))
        for file in _files(person)
    ]


def _people(folder: Path, key: str) -> list[Path]:
    try:
        seen = list(_seen(folder))
        people = [entry for entry in seen if entry.is_dir()]
    except OSError as error:
        raise ConfigError(
            f"{key} must be a folder that can be read but got {shown(str(folder), limit=300)} "
            f"({error.strerror}); correct the path"
        ) from None
    loose = [e.name for e in seen if e not in people and _is_called_a_picture(e)]
    if loose:
        raise ConfigError(
            f"{key} must hold one folder a person but got the picture {shown(loose[0])} in "
            f"{folder}; put it into its person's folder"
        )
    if len(people) < 2:
        raise ConfigError(
            f"{key} must hold one folder a person, of two people at least, but got {len(people)} "
            f"in {shown(str(folder), limit=300)}; give the folder above the people's"
        )
    return people


def _check_one_folder_each(people: list[Path], key: str) -> None:
    """Refuses links that give one folder two names."""
    seen: dict[Path, Path] = {}
    for person in people:
        twin = seen.setdefault(person.resolve(), person)
        if twin != person:
            raise ConfigError(
                f"{key} must hold a folder of one person once but got {shown(twin.name)} and "
                f"{shown(person.name)}, which are the same; take one away"
            )


def _files(person: Path) -> Iterator[PictureFile]:
    try:
        entries = [e for e in _seen(person) if e.name.lower() not in CLUTTER]
    except OSError as error:
        raise ConfigError(
            f"{person} must be a folder that can be read but got {error.strerror}; give yourself "
            "the right to, or take it away"
        ) from None
    name = normal_name(person.name)
    by_id: dict[str, Path] = {}
    for entry in sorted(entries, key=lambda entry: normal_name(entry.name)):
        if entry.is_dir():
            raise ConfigError(
                f"{person} must hold the pictures themselves but got the folder "
                f"{shown(entry.name)}; move its pictures up, or take it away"
            )
        id = f"{name}/{normal_name(entry.name)}"
        twin = by_id.setdefault(id, entry)
        if twin != entry:
            raise ConfigError(
                f"{person} must hold files whose names differ by more than Unicode's normal form "
                f"but got {shown(entry.name)} twice; rename one"
            )
        yield PictureFile(id, name, entry)


def _seen(folder: Path) -> Iterator[Path]:
    """Yields what is in a folder but for hidden files.

    Raises:
        ConfigError: a name is no text.
    """
    for entry in folder.iterdir():
        try:
            entry.name.encode()
        except UnicodeEncodeError:
            raise ConfigError(
                f"{folder} must hold names in UTF-8 but got {shown(entry.name)}; rename it"
            ) from None
        if not entry.name.startswith("."):
            yield entry


def _is_called_a_picture(entry: Path) -> bool:
    return (mimetypes.guess_type(entry.name)[0] or "").startswith("image/")
