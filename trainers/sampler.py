"""Draws the rows of every optimizer step by seed, and cuts a rank's own part out of them.

Every rank draws the whole step, so all of them know its normalisers without talking; then each
takes its own rows. The draw depends on the seed and the step alone, never on the number of ranks
or accumulation steps.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from evals.benchmark import Example
from evals.suite import Encoder, Row
from trainers.batch import Batch
from trainers.distributed import Place
from trainers.requirements import Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The examples a job draws from; one epoch is one pass over the `anchor` source."""

    examples: Mapping[Source, Sequence[Example]]
    refusals: Sequence[str]
    anchor: Source


@dataclass(frozen=True, slots=True)
class Shape:
    """How a step's rows are cut: `batch_size` over all ranks and accumulation steps.

    `num_random` RANDOM rows come with each forget row. New forget rows come every
    `forget_every` steps, for a method that looks at them in so many steps only.
    """

    batch_size: int
    micro_batch_size: int
    num_random: int = 1
    forget_every: int = 1


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A row that was drawn: the id it is cached and joined by, and how it is encoded."""

    id: str
    encode: Callable[[], Row]


@dataclass(frozen=True, slots=True)
class NamedRow:
    """An encoded row with its id."""

    id: str
    row: Row


class Sampler:
    """Gives the micro-batches of each optimizer step to one rank."""

    def __init__(
        self,
        data: TrainingData,
        encoder: Encoder,
        *,
        needs: frozenset[Source],
        shape: Shape,
        place: Place,
        seed: int,
    ) -> None:
        self._data = data
        self._encoder = encoder
        self._needs = needs
        self._shape = shape
        self._place = place
        self._seed = seed
        self._rows: dict[str, Row] = {}
        self._orders: dict[tuple[Source, int], np.ndarray] = {}

    @property
    def num_rows(self) -> int:
        """Rows in one pass over the anchor."""
        return len(self._data.examples[self._data.anchor])

    @property
    def steps_per_epoch(self) -> float:
        """Optimizer steps in one pass over the anchor."""
        return self.num_rows / self._shape.batch_size

    def epoch(self, index: int) -> int:
        """Returns the pass over the anchor in which step `index` begins."""
        return index * self._shape.batch_size // self.num_rows

    def step(self, index: int) -> list[dict[Source, Batch]]:
        """Returns this rank's micro-batches of optimizer step `index`, one a backward pass."""
        drawn = {s: [*map(self._named, self._draw(s, index))] for s in self._needs}
        return [
            {source: self._part(rows, part) for source, rows in drawn.items()}
            for part in self._own_parts
        ]

    def row_ids(self, index: int) -> Iterator[str]:
        """Yields the ids of this rank's rows of optimizer step `index`, of which none is encoded.

        An id may come twice.
        """
        for source in self._needs:
            rows = self._draw(source, index)
            for part in self._own_parts:
                yield from (drawn.id for drawn in self._slice(rows, part))

    @property
    def _num_parts(self) -> int:
        """Micro-batches of a step, all ranks' together."""
        return self._shape.batch_size // self._shape.micro_batch_size

    @property
    def _own_parts(self) -> range:
        accumulation = self._num_parts // self._place.world
        first = self._place.rank * accumulation
        return range(first, first + accumulation)

    def _draw(self, source: Source, index: int) -> list[DrawnRow]:
        if source == Source.IDK:
            return self._draw_refusals(index)
        if source == Source.RANDOM:
            return self._draw_random(index)
        if source == Source.TWIN:
            return [self._twin(example) for example in self._anchored(Source.FORGET, index)]
        return [self._own(example) for example in self._anchored(source, index)]

    def _anchored(self, source: Source, index: int) -> list[Example]:
        """Returns rows [index * batch, ...) of the endless stream of shuffled passes."""
        examples = self._data.examples[source]
        if source == Source.FORGET:
            index //= self._shape.forget_every
        start = index * self._shape.batch_size
        chosen = []
        for position in range(start, start + self._shape.batch_size):
            order = self._order(source, position // len(examples), len(examples))
            chosen.append(examples[order[position % len(examples)]])
        return chosen

    def _order(self, source: Source, epoch: int, size: int) -> np.ndarray:
        key = (source, epoch)
        if key not in self._orders:
            self._orders[key] = self._generator(source, epoch).permutation(size)
        return self._orders[key]

    def _generator(self, source: Source, number: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, list(Source).index(source), number])

    def _draw_refusals(self, index: int) -> list[DrawnRow]:
        rng = self._generator(Source.IDK, index)
        numbers = rng.integers(len(self._data.refusals), size=self._shape.batch_size)
        return [
            self._refused(example, n)
            for example, n in zip(self._anchored(Source.FORGET, index), numbers, strict=True)
        ]

    def _draw_random(self, index: int) -> list[DrawnRow]:
        rng = self._generator(Source.RANDOM, index)
        num_retain = len(self._data.examples[Source.RETAIN])
        rows = []
        for example in self._anchored(Source.FORGET, index):
            for n in rng.integers(num_retain, size=self._shape.num_random):
                rows.append(self._swapped(example, n))
        return rows

    def _own(self, example: Example) -> DrawnRow:
        return DrawnRow(example.id, lambda: self._encoder.answered(example))

    def _refused(self, example: Example, n: int) -> DrawnRow:
        refusal = self._data.refusals[n]
        return DrawnRow(f"{example.id}#idk{n}", lambda: self._encoder.refused(example, refusal))

    def _swapped(self, example: Example, n: int) -> DrawnRow:
        other = self._data.examples[Source.RETAIN][n]
        return DrawnRow(f"{example.id}#as-{n}", lambda: self._encoder.swapped(example, other))

    def _twin(self, example: Example) -> DrawnRow:
        return DrawnRow(f"{example.id}#twin", lambda: self._encoder.twin(example))

    def _named(self, drawn: DrawnRow) -> NamedRow:
        """Returns the row, encoded when it is drawn for the first time."""
        if drawn.id not in self._rows:
            self._rows[drawn.id] = drawn.encode()
        return NamedRow(drawn.id, self._rows[drawn.id])

    def _slice(self, rows: Sequence[T], part: int) -> Sequence[T]:
        """Returns the rows of one micro-batch out of a step's."""
        size = len(rows) // self._num_parts
        return rows[part * size : (part + 1) * size]

    def _same_turn(self, rows: Sequence[T], part: int) -> Iterator[T]:
        """Yields what all ranks take out of a step's rows while this one takes `part`."""
        accumulation = len(self._own_parts)
        for other in range(part % accumulation, self._num_parts, accumulation):
            yield from self._slice(rows, other)

    def _part(self, rows: Sequence[NamedRow], part: int) -> Batch:
        own, num_parts = self._slice(rows, part), self._num_parts
        collated = self._encoder.collate([named.row for named in own])
        device = self._place.device
        return Batch(
            ids=tuple(named.id for named in own),
            inputs={name: tensor.to(device) for name, tensor in collated.inputs.items()},
            attended_BT=collated.attended_BT.to(device),
            labels_BT=collated.labels_BT.to(device),
            token_norm=sum(named.row.num_labels for named in rows) / num_parts,
            position_norm=sum(named.row.num_positions for named in rows) / num_parts,
            row_norm=len(rows) / num_parts,
            longest=max(named.row.num_positions for named in self._same_turn(rows, part)),
        )
