"""What a suite is: all that is to be known of one kind of rows.

Training, searching and reporting see rows, sheets and numbers; what a row is made of (a question
with its answer, a picture with its name) its suite alone knows. A benchmark's file names its suite
by a constant `SUITE`, so that the suite of a job on record is known without the data.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from evals import building, plugins
from evals.benchmark import Benchmark, Task
from evals.scores import ScoreSheet, TaskScores
from evals.settings import EvaluationSettings
from evals.shard import Shard

if TYPE_CHECKING:  # plans and reports need no torch
    import torch

    from evals.collated import Collated

PACKAGE = "evals.suites"

Cell = str | float | int | bool | None


class Row(Protocol):
    """An example with an answer, encoded."""

    @property
    def num_labels(self) -> int:
        """How many positions predict something."""
        ...

    @property
    def num_positions(self) -> int:
        """How many positions there are."""
        ...


class Encoder(Protocol):
    """Turns examples of one benchmark into rows for one model."""

    def answered(self, example: Any) -> Row:
        """Returns the example with its own answer."""
        ...

    def refused(self, example: Any, refusal: str) -> Row:
        """Returns the example with a refusal for an answer."""
        ...

    def swapped(self, example: Any, other: Any) -> Row:
        """Returns the example with the answer of the `other` one."""
        ...

    def twin(self, example: Any) -> Row:
        """Returns what is like the example, but not it; asked only if the suite `has_twins`."""
        ...

    def collate(self, rows: Sequence[Any]) -> "Collated":
        """Returns rows of this encoder as a model takes them."""
        ...


class Sizes(Protocol):
    """How large examples are, told without a model, for a plan: positions are about right."""

    def mean_positions(self, examples: Sequence[Any], *, max_length: int) -> float:
        """Returns how many positions an example with its answer has on average."""
        ...

    def most_positions(self, benchmark: Benchmark, *, max_length: int) -> int:
        """Returns how many positions the longest row that may be trained on has."""
        ...

    def most_labels(self, benchmark: Benchmark, *, max_length: int) -> int:
        """Returns how many positions the longest answer has that may be trained on."""
        ...

    def most_scored_positions(self, tasks: Sequence[Task], *, max_length: int) -> int:
        """Returns how many positions the longest row to be scored has."""
        ...

    def most_scored_labels(self, tasks: Sequence[Task], *, max_length: int) -> int:
        """Returns how many positions the longest answer to be scored has."""
        ...

    def num_scored(self, task: Task) -> int:
        """Returns how many rows of a task are scored."""
        ...

    def num_generated(self, task: Task, settings: EvaluationSettings) -> int:
        """Returns how many positions a model writes behind each example of a task, at most.

        That is 0 where no metric of `settings` reads what it would write.
        """
        ...

    def sheet_bytes(self, tasks: Sequence[Task]) -> int:
        """Returns how many bytes the scores of tasks take on disk."""
        ...


class Suite(Protocol):
    """What a file in `evals/suites/` offers as `SUITE`."""

    @property
    def metric_suites(self) -> Sequence[str]:
        """The suites whose metrics can read its sheets: its own name, then those it is made like.

        What keeps scores of another suite's kind is measured by that suite's metrics as well.
        """
        ...

    @property
    def task_scores(self) -> type[TaskScores]:
        """The dataclass that the suite keeps a task's scores in: files are read by its fields."""
        ...

    @property
    def sizes(self) -> Sizes:
        """How large examples are; a module of functions will do."""
        ...

    @property
    def has_twins(self) -> bool:
        """Whether its encoders know of something like an example that is not it."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """The headings of a table of items."""
        ...

    def cells(self, task: Any, item: Any) -> Sequence[Cell]:
        """Returns an item's row of that table; what is not there, or not finite, is None."""
        ...

    def likelihoods(self, item: Any) -> Sequence[float]:
        """Returns the nats for each position of all that was scored of an item, in order."""
        ...

    def components(self, sheet: ScoreSheet) -> Mapping[str, float]:
        """Returns what the metrics are made of, as far as the sheet has data, by its name."""
        ...

    def facts(self, sheet: ScoreSheet) -> Mapping[str, float]:
        """Returns what is to be said of the scoring itself, by its name."""
        ...

    def lacks_generations(self, task: Any) -> bool:
        """Returns whether scores of a task have an item for which the model has written nothing."""
        ...

    def flaw(self, task: Any) -> str:
        """Returns why generated answers of a task could not be measured, and the cure, or nothing.

        It goes on from the name of a metric: "which compares ..., and ...; correct ...".
        """
        ...

    def encoder(self, processor: Any, *, max_length: int, key: str) -> Encoder:
        """Returns the encoder of a model, of which the family has loaded `processor`.

        `key` is the setting that `max_length` comes from.
        """
        ...

    def floors(self, tasks: Sequence[Task]) -> Mapping[str, ScoreSheet]:
        """Returns the scores of `tasks` by what may stand in a model's place, or nothing.

        Where there is something, a network is scored before it is taught anything, too.
        """
        ...

    def shown(self, encoder: Any, example: Any) -> str:
        """Returns an example with its answer as a model is given it, for a person to read."""
        ...

    def evaluate(
        self,
        model: "torch.nn.Module",
        encoder: Any,
        benchmark: Benchmark,
        *,
        settings: EvaluationSettings,
        shard: Shard,
        device: "torch.device",
    ) -> Iterator[TaskScores | None]:
        """Yields this shard's part of the sheet of the selected tasks, task by task.

        Every rank calls the model equally often. `device` is where it computes. None is yielded,
        on all ranks alike, where a task takes long to come.
        """
        ...

    def score(
        self,
        model: "torch.nn.Module",
        encoder: Any,
        tasks: Sequence[Task],
        *,
        batch_size: int,
        shard: Shard,
        device: "torch.device",
    ) -> Iterator[TaskScores]:
        """Yields this shard's scores of `tasks`, as far as a probe in a training needs them."""
        ...


def suite_name(benchmark: str) -> str:
    """Returns the name of the suite of the benchmark of this name.

    Raises:
        ConfigError: there is no such benchmark.
    """
    return str(plugins.load(building.PACKAGE, benchmark, key="benchmark.name").SUITE)


def suite_of(benchmark: str) -> Suite:
    """Returns the suite of the benchmark of this name.

    Raises:
        ConfigError: there is no such benchmark.
    """
    return load_suite(suite_name(benchmark), key=f"SUITE of {benchmark}")


def load_suite(name: str, *, key: str = "suite") -> Suite:
    """Returns the suite of this name.

    Raises:
        ConfigError: there is no such suite.
    """
    suite: Suite = plugins.load(PACKAGE, name, key=key).SUITE
    return suite
