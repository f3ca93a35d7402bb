"""What is said below the table of finalists."""

from collections.abc import Iterator

from evals.metric import load_metric
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.estimates.finals import Finals
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.table import shown
from orchestrator.reporting.tables.shared_columns import metric_column
from orchestrator.results.hypervolume import corner_of, corner_said
from orchestrator.searching.constraints import said


def final_notes(record: SweepRecord, finals: Finals, *, bold: bool) -> Iterator[str]:
    """Yields what is to be known of the finalists: what is feasible, shown, compared and bold."""
    config = record.config
    yield (
        f"Feasible, by the mean: {' and '.join(said(bound) for bound in finals.bounds)}."
        if finals.bounds
        else "Nothing is constrained."
    )
    items = (
        f"the {100 * config.held_out:.3g} % of the items that no search has seen"
        if config.held_out
        else "all items, which the search has selected on"
    )
    rows = (
        "Each method's row is its best feasible trial,"
        if len(config.search.objectives) == 1
        else f"Each method's rows are up to {config.num_points} feasible trials along its front in "
        f"{config.search.said}, the best in the first before the others, each"
    )
    yield (
        f"{rows} run again under further seeds: mean and "
        f"95 % interval on {items}. Baselines: the same items, one seed."
    )
    if any(num > len(record.standing.get(name, (0,))) for name, num in record.tried.items()):
        yield (
            "Tried: a trial that broke a bound under the first of these seeds, or in their mean, "
            "on the items that the search sees, gave way to the method's next; where all did, the "
            "nearest to keeping them stands here."
        )
    yield _standing_note(config, finals) + (
        f" Bold: told apart from every other feasible {_what(config)} (5 %, Holm)." if bold else ""
    )
    objective = config.search.primary
    if finals.gold_again is not None and objective in finals.gold_again:
        yield _retrained(objective, finals.gold_again[objective])


def _standing_note(config: SweepConfig, finals: Finals) -> str:
    search = config.search
    if len(search.objectives) == 1:
        return (
            f"Rank, by {search.primary}: one more than the number of feasible methods shown "
            "to be better (5 %, Holm); equal ranks do not mean equal methods."
        )
    corner = corner_said(search, corner_of(search, finals.bounds, finals.original))
    return (
        f"Hypervolume: what a method's feasible rows dominate together above {corner}, without an "
        "interval."
    )


def _what(config: SweepConfig) -> str:
    return "method" if len(config.search.objectives) == 1 else "row"


def _retrained(objective: str, value: float) -> str:
    """Says what gold came to under another seed, and what chance alone makes of such models."""
    column = metric_column(objective)
    article = "an" if column.heading[0] in "AEIO" else "a"
    said = f"One retrained gold model comes to {article} {column.heading} of {shown(value, column)}"
    quantile = load_metric(objective).gold_quantile
    if quantile is None:
        return f"{said}."
    return f"{said}; by chance alone 5 % of such models fall below {quantile:.1f}."
