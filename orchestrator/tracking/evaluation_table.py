"""A score sheet as the table that MLflow shows of a run: a row for each item.

The form is that of `mlflow.log_table`, so that `mlflow.load_table` reads it back.
"""

import json
import math
from collections.abc import Sequence

from evals.scores import AnswerScore, ItemScore, ScoreSheet, TaskScores

COLUMNS = (
    "task",
    "role",
    "id",
    "truth",
    "generation",
    "probability",
    "nll",
    "tokens",
    "paraphrase_nll",
    "wrong_nll",
    "hits",
    "truncated",
)
"""`probability` is exp(-nll); `nll` and the two like it are in nats a token, `wrong_nll` their mean
over the wrong answers; `hits` is the share of the true answer's tokens that come first."""

Cell = str | float | int | bool | None


def evaluation_table(sheet: ScoreSheet) -> str:
    """Returns the table as JSON; what is not there, or not finite, is null."""
    rows = [_row(task, item) for task in sheet.tasks for item in task.items]
    return json.dumps({"columns": COLUMNS, "data": rows}, separators=(",", ":"), allow_nan=False)


def _row(task: TaskScores, item: ItemScore) -> list[Cell]:
    nll = item.answer.mean_nll
    return [
        task.name,
        str(task.role),
        item.id,
        item.truth,
        item.generation,
        _number(math.exp(-nll)),
        _number(nll),
        item.answer.num_tokens,
        _mean_nll([] if item.paraphrase is None else [item.paraphrase]),
        _mean_nll(item.perturbed),
        _number(_mean(item.token_hits)),
        item.truncated,
    ]


def _mean_nll(answers: Sequence[AnswerScore]) -> Cell:
    return _number(_mean([answer.mean_nll for answer in answers]))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _number(value: float) -> Cell:
    return value if math.isfinite(value) else None
