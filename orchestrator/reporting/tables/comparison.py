"""Which finalists can be told apart, pair by pair."""

from collections.abc import Sequence

from orchestrator.reporting.estimates.finals import Finals
from orchestrator.reporting.row_names import method_of
from orchestrator.reporting.table import Column, Table
from orchestrator.reporting.tables.finals import estimate
from orchestrator.reporting.tables.shared_columns import metric_heading

COLUMNS = (
    Column("Metric"),
    Column("First"),
    Column("Second"),
    Column("Difference", "z.3g"),
    Column("p", ".3g", note="two-sided, adjusted by Holm's method over all pairs in the metric"),
    Column("Told apart"),
    Column("Seeds", "d"),
)


def comparison_table(finals: Finals, labels: Sequence[str]) -> Table:
    """Returns every pair of the methods `labels`, the objective's first, as `finals` has them."""
    rows = tuple(
        (
            metric_heading(each.metric),
            each.first,
            each.second,
            estimate(each.difference),
            each.p_value,
            each.separable,
            each.difference.num_seeds,
        )
        for each in finals.comparisons
        if {method_of(each.first), method_of(each.second)} <= {*labels}
    )
    notes = ("Difference: the first's mean less the second's, with its 95 % interval.",)
    return Table(COLUMNS, rows, notes, title="Finalists held against each other, pair by pair")
