"""Draws the rows of every optimizer step by seed, and cuts a rank's own part out of them.

Every rank draws the whole step, so all of them know its normalisers without talking; then each
takes its own rows. The draw depends on the seed and the step alone, never on the number of ranks
or accumulation steps.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.benchmark import Example
from evals.suite import Encoder, Row
from trainers.batch import Batch
from trainers.distributed import Place
from trainers.requirements import Source


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
class NamedRow:
    """An encoded row with the id it is cached and joined by."""

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
        drawn = {source: self._draw(source, index) for source in self._needs}
        num_parts = self._shape.batch_size // self._shape.micro_batch_size
        accumulation = num_parts // self._place.world
        first = self._place.rank * accumulation
        return [
            {source: self._part(rows, part, num_parts) for source, rows in drawn.items()}
            for part in range(first, first + accumulation)
        ]

    def _draw(self, source: Source, index: int) -> list[NamedRow]:
        if source == Source.IDK:
            return self._draw_refusals(index)
        if source == Source.RANDOM:
            return self._draw_random(index)
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

    def _draw_refusals(self, index: int) -> list[NamedRow]:
        rng = self._generator(Source.IDK, index)
        numbers = rng.integers(len(self._data.refusals), size=self._shape.batch_size)
        return [
            self._refused(example, n)
            for example, n in zip(self._anchored(Source.FORGET, index), numbers, strict=True)
        ]

    def _draw_random(self, index: int) -> list[NamedRow]:
        rng = self._generator(Source.RANDOM, index)
        num_retain = len(self._data.examples[Source.RETAIN])
        rows = []
        for example in self._anchored(Source.FORGET, index):
            for n in rng.integers(num_retain, size=self._shape.num_random):
                rows.append(self._swapped(example, n))
        return rows

    def _own(self, example: Example) -> NamedRow:
        return self._named(example.id, lambda: self._encoder.answered(example))

    def _refused(self, example: Example, n: int) -> NamedRow:
        refusal = self._data.refusals[n]
        return self._named(f"{example.id}#idk{n}", lambda: self._encoder.refused(example, refusal))

    def _swapped(self, example: Example, n: int) -> NamedRow:
        other = self._data.examples[Source.RETAIN][n]
        return self._named(f"{example.id}#as-{n}", lambda: self._encoder.swapped(example, other))

    def _named(self, row_id: str, encode: Callable[[], Row]) -> NamedRow:
        """Returns the row of this id, encoded when it is first drawn."""
        if row_id not in self._rows:
            self._rows[row_id] = encode()
        return NamedRow(row_id, self._rows[row_id])

    def _part(self, rows: Sequence[NamedRow], part: int, num_parts: int) -> Batch:
        size = len(rows) // num_parts
        own = rows[part * size : (part + 1) * size]
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
        )
