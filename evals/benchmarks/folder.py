"""Anybody's pictures: one folder a person, whose name is the person's.

Under CLEAR's protocol (arXiv 2410.18057): a person's first pictures, by file name, enrol; all are
trained on, and all but those that enrol are scored. What a picture may be, and how it becomes a
square of `size` pixels, `evals.pictures.reading` says. People are in the order of their names, ids
are "<person>/<file>", both in Unicode's NFC.

Hidden files and folders are left aside, and what systems leave beside pictures (`CLUTTER` of
`evals.faces.person_folders`). All else in a person's folder must be a picture, so that none is lost
unnoticed.
"""

import random
from collections.abc import Sequence
from itertools import groupby

from pydantic import Field, model_validator

from evals.benchmark import Benchmark
from evals.choice import Settings
from evals.errors import ConfigError, FieldError, shown
from evals.faces.example import Face
from evals.faces.naming import numbers_of
from evals.faces.people import Person, face_benchmark, memorised_people, named_faces
from evals.faces.person_folders import PictureFile, picture_files
from evals.faces.roles import Roles, drawn_roles
from evals.paths import read_path
from evals.pictures.collection import read_pictures
from evals.pictures.left_out import tell_left_out
from evals.pictures.store import CACHE, cache_folder

SUITE = "faces"


class Config(Settings):
    """Where the pictures lie, and who has which role."""

    path: str = Field(min_length=1)
    """A folder that holds one folder a person."""
    forget: tuple[str, ...] = ()
    """People to be forgotten, by the names of their folders; empty draws `forget_share` of all."""
    forget_share: float = Field(0.1, gt=0, lt=1)
    holdout: tuple[str, ...] = ()
    """People nobody trains on; empty draws `holdout_share` of all."""
    holdout_share: float = Field(0.1, ge=0, lt=1)
    retain_people: int | None = Field(None, ge=1)
    """People retained, drawn from the others for each split; None for all of them."""
    enrolled: int = Field(5, ge=1)
    """Pictures that a person is enrolled by; these are not scored."""
    size: int = Field(48, ge=16, le=1024)
    """Pixels a side."""
    skip_unreadable: bool = False
    """Whether to go on without files that are no pictures that can be used."""
    split: int = Field(0, ge=0)
    num_splits: int = Field(128, ge=2)
    """In the second half of them people to be forgotten and the holdout change places."""
    seed: int = 0
    """What people are drawn by."""
    cache: str | None = CACHE
    """A folder in which pictures are kept once they are read; null reads them anew each time."""

    @model_validator(mode="after")
    def _count_from_0(self) -> "Config":
        if self.split >= self.num_splits:
            raise FieldError(
                f"split must be below num_splits ({self.num_splits}) but got {self.split}; "
                "count from 0"
            )
        return self


def build(config: Config) -> Benchmark:
    """Returns the benchmark.

    Raises:
        ConfigError: the folder or a picture in it cannot be used, or people are asked for that
            there are not.
    """
    files = picture_files(read_path(config.path, key="benchmark.path"), key="benchmark.path")
    faces = _faces(config, files)
    people = _people(config, files, faces)
    names = {file.person: number for number, file in enumerate(_first_of_each(files))}
    return face_benchmark("folder", people, _roles(config, names))


def num_splits(config: Config) -> int:
    """Returns how many splits there are; none without a holdout to change places with."""
    return config.num_splits if config.holdout or config.holdout_share else 0


def _faces(config: Config, files: Sequence[PictureFile]) -> list[Face]:
    pictures = read_pictures(
        lambda: (file.read() for file in files),
        size=config.size,
        skip_unreadable=config.skip_unreadable,
        folder=cache_folder(config.cache, key="benchmark.cache"),
    )
    tell_left_out([str(f.path) for f, p in zip(files, pictures, strict=True) if p is None])
    return named_faces([f.id for f in files], [f.person for f in files], pictures)


def _first_of_each(files: Sequence[PictureFile]) -> list[PictureFile]:
    return [next(group) for _, group in groupby(files, key=lambda file: file.person)]


def _people(config: Config, files: Sequence[PictureFile], faces: Sequence[Face]) -> list[Person]:
    folders = {first.person: first.path.parent for first in _first_of_each(files)}

    def refusal(name: str, count: int) -> ConfigError:
        return ConfigError(
            f"{folders[name]} must hold more pictures than the {config.enrolled} that enrol a "
            f"person but got {count}; add some, take the folder away, or lower benchmark.enrolled"
        )

    people = memorised_people([*folders], faces, enrolled=config.enrolled, refusal=refusal)
    _check_nobody_shares_a_picture(faces)
    return people


def _check_nobody_shares_a_picture(faces: Sequence[Face]) -> None:
    """Refuses a picture under two names: it could be forgotten and retained at once."""
    seen: dict[str, Face] = {}
    for face in faces:
        twin = seen.setdefault(face.picture.content(), face)
        if twin.person != face.person:
            raise ConfigError(
                f"benchmark.path must have a picture of one person only but got the same as "
                f"{shown(twin.id)} and {shown(face.id)}; take one away"
            )


def _roles(config: Config, names: dict[str, int]) -> Roles:
    where, rng = str(config.path), random.Random(f"lethe/folder/{config.seed}")
    forget = numbers_of(config.forget, names, key="benchmark.forget", where=where)
    holdout = numbers_of(config.holdout, names, key="benchmark.holdout", where=where)
    both = sorted({*forget} & {*holdout})
    if both:
        name = [*names][both[0]]
        raise ConfigError(
            f"benchmark.holdout must be nobody of benchmark.forget but got {shown(name)}; "
            "take one away"
        )
    free = [number for number in names.values() if number not in {*forget, *holdout}]
    if not forget:
        forget = _drawn(free, config.forget_share, len(names), rng)
    free = [number for number in free if number not in forget]
    if not holdout and config.holdout_share:
        holdout = _drawn(free, config.holdout_share, len(names), rng)
    others = tuple(number for number in free if number not in holdout)
    return _of_split(config, Roles(forget, others, holdout))


def _drawn(free: Sequence[int], share: float, total: int, rng: random.Random) -> tuple[int, ...]:
    return tuple(sorted(rng.sample(free, min(len(free), max(1, round(share * total))))))


def _of_split(config: Config, roles: Roles) -> Roles:
    num_retain = len(roles.retain) if config.retain_people is None else config.retain_people
    if not roles.retain or num_retain > len(roles.retain):
        raise ConfigError(
            f"benchmark.retain_people must be at most {len(roles.retain)}, those who are neither "
            f"forgotten nor held out, and at least 1 but got {num_retain}; forget or hold out "
            "fewer, or add people"
        )
    if not roles.holdout and config.split >= config.num_splits // 2:
        raise ConfigError(
            f"benchmark.split must be below {config.num_splits // 2}, where nobody is held out to "
            f"be forgotten in the other half, but got {config.split}; hold somebody out"
        )
    return drawn_roles(
        roles,
        num_retain=num_retain,
        split=config.split,
        num_splits=config.num_splits,
        rng=random.Random(f"lethe/folder/{config.seed}/split/{config.split}"),
    )
