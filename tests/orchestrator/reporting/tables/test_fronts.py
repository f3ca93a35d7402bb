import pytest

from orchestrator.reporting.tables.fronts import fronts_table
from orchestrator.results.ranking import axes_of, chosen_axes
from orchestrator.searching.settings import SearchSettings


def entries(fakes):
    return [
        *fakes.baselines(),
        fakes.trial("npo", 0, retain=0.8, quality=-11.218),
        fakes.trial("npo", 1, retain=0.4, quality=-1.218),
        fakes.trial("ga", 0, retain=0.4, quality=-11.218),
        fakes.trial("ga", 1, retain=0.9, quality=-61.218),
    ]


def test_the_area_is_that_above_the_original_and_the_worst_value(fakes):
    axes = axes_of(SearchSettings())
    table = fronts_table(fakes.record(entries(fakes)), ("ga", "npo"), axes=axes)
    rows = fakes.rows(table)
    # Heights above the Original's -61.218: 50 at retain 0.8, and 10 more up to 0.4.
    assert rows["npo"]["Hypervolume"] == pytest.approx(50 * 0.8 + 10 * 0.4)
    # One trial is as bad as the Original: it dominates no area, though it is on the front.
    assert rows["ga"]["Hypervolume"] == pytest.approx(50 * 0.4)
    assert rows["All"]["Hypervolume"] == pytest.approx(44)
    assert (rows["ga"]["On its own front"], rows["ga"]["On the front of all"]) == (2, 1)
    assert (rows["All"]["On its own front"], rows["All"]["On the front of all"]) == (3, 3)
    assert "the corner at log_forget_quality -61.22 and retain 0" in table.notes[0]


def test_where_less_is_better_the_corner_is_the_highest_value(fakes):
    trials = [fakes.trial("npo", 0, retain=0.5, forget=0.25)]
    axes = chosen_axes(("forget", "retain"), SearchSettings(), key="--objectives")
    record = fakes.record([*fakes.baselines(), *trials])
    table = fronts_table(record, ("npo",), axes=axes)
    assert fakes.rows(table)["npo"]["Hypervolume"] == pytest.approx(0.75 * 0.5)
    assert "forget 1 and retain 0" in table.notes[0]


def test_a_method_without_trials_dominates_nothing(fakes):
    table = fronts_table(fakes.record(fakes.baselines()), ("npo",), axes=axes_of(SearchSettings()))
    assert [row[1:] for row in table.rows] == [(0.0, 0, 0), (0.0, 0, 0)]


def test_the_note_says_what_counts_and_that_the_corner_is_this_sweeps_own(fakes):
    notes = fronts_table(fakes.record(), ("npo",), axes=axes_of(SearchSettings())).notes
    assert "Infeasible trials count, too, if they were not stopped early." in notes[0]
    assert "at or below the corner add nothing to it, yet count as on a front" in notes[0]
    assert notes[1] == (
        "The corner's log_forget_quality is that of this sweep's own Original: "
        "the areas of two sweeps do not compare."
    )
    axes = chosen_axes(("forget", "retain"), SearchSettings(), key="--objectives")
    assert len(fronts_table(fakes.record(), ("npo",), axes=axes).notes) == 1


def test_of_several_objectives_what_is_feasible_counts_from_its_bound(fakes):
    search = SearchSettings(objective=("log_forget_quality", "retain"))
    config = fakes.config().model_copy(update={"search": search})
    record = fakes.record(entries(fakes), config=config)
    rows = fakes.rows(fronts_table(record, ("ga", "npo"), axes=axes_of(search)))
    above = 0.8 - fakes.bounds[0].value
    assert rows["npo"]["Feasible hypervolume"] == pytest.approx(50 * above)
    assert rows["ga"]["Feasible hypervolume"] == 0
