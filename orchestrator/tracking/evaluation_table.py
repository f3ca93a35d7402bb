"""A score sheet as the table that MLflow shows of a run: a row for each item.

The form is that of `mlflow.log_table`, so that `mlflow.load_table` reads it back.
"""

import json

from evals.scores import ScoreSheet
from evals.suite import Suite


def evaluation_table(sheet: ScoreSheet, suite: Suite) -> str:
    """Returns the table as JSON, in the suite's columns; what is not known is null."""
    rows = [suite.cells(task, item) for task in sheet.tasks for item in task.items]
    table = {"columns": suite.columns, "data": rows}
    return json.dumps(table, separators=(",", ":"), allow_nan=False)
