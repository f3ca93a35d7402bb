"""How far a job's scores are from the ones on record, answer by answer."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from evals.errors import ConfigError
from evals.held_out import held_out_part, searched_part
from evals.metric import measurable
from evals.scores import ScoreSheet
from evals.suite import Suite, suite_of
from orchestrator.reporting.estimates.samples import measured
from orchestrator.reproducing.find_row import Row
from orchestrator.storage.members import MemberRole


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far two score sheets of one job are apart.

    `worst_nats` is the largest difference of any answer's likelihood, in nats a token;
    `metrics` has each metric as recorded and as repeated, over the items that `items` names.
    """

    num_answers: int
    worst_nats: float
    metrics: dict[str, tuple[float, float]]
    items: str

    def is_same(self, tolerance: float) -> bool:
        """Whether every answer is as likely as it was, within `tolerance` nats a token."""
        return self.worst_nats <= tolerance


def likeness(row: Row, repeated: ScoreSheet) -> Likeness:
    """Returns how `repeated` differs from the scores on record.

    Raises:
        ConfigError: there is no answer on record that could differ.
    """
    job = row.result.job
    recorded = row.storage.sheet(job.hash)
    pairs = list(_pairs(recorded, repeated, suite_of(job.benchmark.name)))
    if not pairs:
        raise ConfigError(
            f"RUN must be a job with scores to compare with but got {job.hash!r}, which scored no "
            "answer; name another job"
        )
    worst = max(_apart(a, b) for a, b in pairs)
    gold = shown_items(row, row.storage.sheet(row.gold))
    names = measurable(job.evaluation.metrics, has_gold=True)
    before, after = (
        measured(shown_items(row, sheet), gold, names) for sheet in (recorded, repeated)
    )
    both = {name: (before[name], after[name]) for name in before if name in after}
    return Likeness(len(pairs), worst, both, said_of_items(row))


def shown_items(row: Row, sheet: ScoreSheet) -> ScoreSheet:
    """Returns the items over which tables show the row."""
    held_out = row.result.job.held_out
    return held_out_part(sheet, held_out) if _is_final(row) else searched_part(sheet, held_out)


def said_of_items(row: Row) -> str:
    """Returns which items these are."""
    if row.result.job.held_out == 0:
        return "all items"
    if _is_final(row):
        return "the items held out from the search, as the table of finalists has them"
    return "the items that the search sees, as the table of trials has them"


def _is_final(row: Row) -> bool:
    return row.member.role in (MemberRole.FINAL, MemberRole.GOLD_AGAIN)


def _apart(a: float, b: float) -> float:
    """Returns the difference: 0 for equal values, infinite if only one of them is no number."""
    if a == b or (
        math.isnan(a) and math.isnan(b)
    ):  # a destroyed model's may all be infinite or NaN
        return 0.0
    difference = abs(a - b)
    return math.inf if math.isnan(difference) else difference


def _pairs(a: ScoreSheet, b: ScoreSheet, suite: Suite) -> Iterator[tuple[float, float]]:
    """Yields how likely every answer is in the one sheet and in the other."""
    for mine, theirs in zip(a.tasks, b.tasks, strict=True):
        found = {item.id: item for item in theirs.items}
        for item in mine.items:
            yield from zip(suite.likelihoods(item), suite.likelihoods(found[item.id]), strict=True)
