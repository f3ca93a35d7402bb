"""What the figures and the page's charts are drawn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.reporting.charts.importance import Weight, weights_of
from orchestrator.reporting.estimates.finals import Finals
from orchestrator.reporting.method_styles import Mark, marks_of
from orchestrator.reporting.sweep_record import SweepRecord
from orchestrator.reporting.tables.shared_columns import metric_title
from orchestrator.results.entry import Entry
from orchestrator.results.hypervolume import corner_in
from orchestrator.results.ranking import Axes, axes_of
from orchestrator.searching.constraints import Bound
from orchestrator.searching.settings import SearchSettings, in_a_row


@dataclass(frozen=True, slots=True)
class FigureData:
    """A sweep, or the part of it that a report is of, as pictures show it.

    `axes` are those of the Pareto picture; `marks` say how each method's points look, and are
    those of the whole sweep whatever part is shown; `weights` are the hyperparameters'. `to_beat`
    is what a trial's objective must be better than to be better than the original's beyond chance.
    `corner` is where each of several objectives begins to count; empty with one.
    """

    entries: tuple[Entry, ...]
    search: SearchSettings
    bounds: tuple[Bound, ...]
    axes: Axes
    marks: Mapping[str, Mark]
    finals: Finals | None = None
    weights: tuple[Weight, ...] = ()
    to_beat: float | None = None
    corner: tuple[float, ...] = ()

    @property
    def progress_title(self) -> str:
        """What the search has to show for its budget, for people."""
        titles = [metric_title(name) for name in self.search.objectives]
        if not self.corner:
            return f"Best feasible {titles[0]} so far"
        return f"Feasible hypervolume in {in_a_row(titles)} so far"


def figure_data_of(
    record: SweepRecord,
    finals: Finals | None,
    *,
    axes: Axes | None = None,
    labels: Sequence[str] = (),
) -> FigureData:
    """Returns what is drawn of a record.

    `axes` None are the sweep's own; `labels` are those of all its methods where the record is of
    a part of them alone.
    """
    search, reference = record.config.search, record.reference
    several = len(search.objectives) > 1
    return FigureData(
        entries=record.entries,
        search=search,
        bounds=() if reference is None else reference.bounds,
        axes=axes or axes_of(search),
        marks=marks_of([*labels, *record.config.methods]),
        finals=finals,
        weights=tuple(weights_of(record.entries, record.config)),
        to_beat=None if record.chance is None else record.chance.to_beat,
        corner=corner_in(search, reference) if several and reference is not None else (),
    )
