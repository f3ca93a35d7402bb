"""Chooses whole authors from rows that lie one author after the other (as TOFU's do)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from evals.errors import ConfigError

QUESTIONS_PER_AUTHOR = 20


@dataclass(frozen=True, slots=True)
class Rows:
    """Row numbers of each split, ascending."""

    forget: tuple[int, ...]
    retain: tuple[int, ...]
    holdout: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Authors:
    """How many authors of each kind to take.

    None takes all; for `holdout` it takes as many as are forgotten, or as many as are left.
    """

    forget: int | None
    retain: int | None
    holdout: int | None

    @property
    def some(self) -> bool:
        """Whether authors may be left out of training."""
        return self.forget is not None or self.retain is not None


def choose(
    authors: Authors, split: Rows, *, scored: Collection[int], said: Collection[int]
) -> Rows:
    """Returns the rows of the chosen authors.

    The last authors to be forgotten are taken; authors to be retained are taken from those with
    `scored` rows first; the holdout from those with `said` rows (which can be scored at all) that
    are in neither, those that are not `scored` first, because they were made to be forgotten.

    Raises:
        ConfigError: more authors are asked for than there are, or authors are to be chosen and
            one is partly in the forget and partly in the retain split.
    """
    if authors.some:
        _check_whole(split)
    scored_authors = set(_authors(scored))
    forget = _take("forget_authors", authors.forget, _authors(split.forget)[::-1])
    retain_first = sorted(_authors(split.retain), key=lambda a: (a not in scored_authors, a))
    retain = _take("retain_authors", authors.retain, retain_first)
    spare = [author for author in _authors(said) if author not in {*forget, *retain}]
    spare.sort(key=lambda a: (a in scored_authors, a))
    num_holdout = min(len(forget), len(spare)) if authors.holdout is None else authors.holdout
    holdout = _take("holdout_authors", num_holdout, spare)
    return Rows(_of(split.forget, forget), _of(split.retain, retain), _of(said, holdout))


def _authors(rows: Iterable[int]) -> list[int]:
    return sorted({row // QUESTIONS_PER_AUTHOR for row in rows})


def _of(rows: Iterable[int], authors: Collection[int]) -> tuple[int, ...]:
    return tuple(sorted(row for row in rows if row // QUESTIONS_PER_AUTHOR in authors))


def _take(key: str, count: int | None, authors: Sequence[int]) -> set[int]:
    if count is not None and count > len(authors):
        raise ConfigError(
            f"benchmark.{key} must be at most {len(authors)}, the authors there are to choose "
            f"from, but got {count}; ask for fewer"
        )
    return set(authors[:count])


def _check_whole(split: Rows) -> None:
    torn = sorted({*_authors(split.forget)} & {*_authors(split.retain)})
    if torn:
        raise ConfigError(
            f"full must hold authors of {QUESTIONS_PER_AUTHOR} consecutive rows, each wholly "
            f"forgotten or wholly retained, for authors to be chosen but got author number "
            f"{torn[0]} in both; leave out forget_authors and retain_authors"
        )
