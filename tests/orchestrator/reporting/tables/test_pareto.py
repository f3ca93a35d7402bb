from dataclasses import replace

from orchestrator.reporting.tables.pareto import method_fronts_table, pareto_table
from orchestrator.results.ranking import axes_of, chosen_axes
from orchestrator.searching.constraints import Constraint
from orchestrator.searching.settings import SearchSettings

METHODS = ("ga", "npo", "rmu")


def test_the_pareto_table_holds_what_nothing_beats_in_both(fakes):
    made = pareto_table(fakes.record(), METHODS, axes=axes_of(SearchSettings()))
    assert [(row[0], row[1]) for row in made.rows] == [("npo", 0), ("npo", 1), ("npo", 2)]
    assert made.muted == {2}, "the last one misses the floor"
    assert made.title == "The Pareto front in log_forget_quality against retain"


def test_each_method_has_a_front_of_its_own_in_the_order_asked_for(fakes):
    made = method_fronts_table(fakes.record(), METHODS, axes=axes_of(SearchSettings()))
    found = [(row[0], row[1]) for row in made.rows]
    assert found == [("ga", 1), ("npo", 0), ("npo", 1), ("npo", 2)]


def test_methods_that_are_left_out_beat_nothing(fakes):
    made = pareto_table(fakes.record(), ("ga",), axes=axes_of(SearchSettings()))
    assert [(row[0], row[1]) for row in made.rows] == [("ga", 1)]


def test_under_a_ceiling_less_is_better_in_the_pareto_table_too(fakes):
    search = SearchSettings(constraints={"forget": Constraint(at_most=0.5)})
    pair = [fakes.trial("npo", 0, forget=0.4), fakes.trial("npo", 1, forget=0.3)]
    made = pareto_table(fakes.record(pair), METHODS, axes=axes_of(search))
    assert [row[1] for row in made.rows] == [1]


def test_other_metrics_than_the_sweeps_make_another_front(fakes):
    low = fakes.trial("npo", 0, forget=0.1, retain=0.72, quality=-50.0)
    high = fakes.trial("npo", 1, forget=0.4, retain=0.75, quality=-1.0)
    axes = chosen_axes(("forget", "retain"), SearchSettings(), key="--objectives")
    made = pareto_table(fakes.record([low, high]), METHODS, axes=axes)
    assert [row[1] for row in made.rows] == [1, 0], "each is better in one of them"


def test_what_forgot_nothing_is_on_no_front_and_counted(fakes):
    idle = replace(fakes.trial("ga", 0, retain=0.79, quality=-50.0), forgot=False)
    better = replace(fakes.trial("ga", 1, retain=0.75, quality=-9.0), forgot=True)
    unknown = fakes.trial("npo", 0, retain=0.77, quality=-20.0)
    record = fakes.record([idle, better, unknown])
    made = pareto_table(record, METHODS, axes=axes_of(SearchSettings()))
    assert [(row[0], row[1]) for row in made.rows] == [("npo", 0), ("ga", 1)]
    said = "On no front: 1 trial that forgot nothing beyond chance (see the table trials)."
    assert said in made.notes
    own = method_fronts_table(record, ("npo",), axes=axes_of(SearchSettings()))
    assert said not in own.notes, "it is not shown"


def test_what_was_stopped_early_is_not_on_the_front(fakes):
    early, whole = fakes.stopped("ga", 0, retain=0.65, step=20), fakes.trial("ga", 1, retain=0.2)
    made = pareto_table(fakes.record([early, whole]), METHODS, axes=axes_of(SearchSettings()))
    assert [row[1] for row in made.rows] == [1]
    assert made.notes[0] == (
        "On no front: 1 trial that had been stopped early, whose numbers are not those of a whole "
        "training."
    )
