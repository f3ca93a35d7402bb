from dataclasses import replace

import pytest

from orchestrator.reporting.estimates.inference import Interval
from orchestrator.reporting.formats.latex_text import latex_text
from orchestrator.reporting.formats.markdown_text import markdown_text
from orchestrator.reporting.sweep_record import Replicate
from orchestrator.reporting.table import Estimate
from orchestrator.reporting.tables.finals import final_line, finals_table
from orchestrator.searching.settings import SearchSettings

METHODS = ("ga", "npo", "rmu")


def entries(fakes):
    return [
        *fakes.baselines(),
        *(fakes.trial("ga", i, lr=2e-4) for i in range(4)),
        *(fakes.trial("npo", i, lr=3e-4, further={"beta": 0.25}) for i in range(4)),
        *(fakes.trial("rmu", i, retain=0.1) for i in range(3)),
    ]


def two(fakes, **changes):
    """GA and NPO have finalists, NPO's is better beyond chance; RMU has none."""
    ga = fakes.final("ga", 1, retain=0.75, quality=-20.0, rank=2)
    npo = fakes.final("npo", 2, retain=0.8, quality=-3.25, rank=1, further={"beta": 0.25})
    apart = fakes.compared("ga", "npo", -16.75, p=0.001)
    alike = fakes.compared("ga", "npo", -0.05, p=0.4, metric="retain")
    return fakes.finals(ga, npo, comparisons=(apart, alike))


def test_the_table_looks_like_the_golden_files(fakes):
    table = finals_table(fakes.record(entries(fakes)), two(fakes), METHODS)
    fakes.check_golden("finals.md", markdown_text(table))
    fakes.check_golden("finals.tex", latex_text(table))


def test_original_gold_and_gold_under_another_seed_come_first(fakes):
    table = finals_table(fakes.record(entries(fakes)), two(fakes), METHODS)
    assert [row[0] for row in table.rows] == ["Original", "Gold", "Gold, seed 1", *METHODS]
    assert table.num_heads == 3
    rows = fakes.rows(table)
    assert rows["Original"]["Log Forget Quality"] == -30.5, "on the items that are reported"
    assert rows["Gold, seed 1"]["Log Forget Quality"] == -0.85


def test_a_finalist_has_means_with_intervals_its_rank_seeds_and_setting(fakes):
    rows = fakes.rows(finals_table(fakes.record(entries(fakes)), two(fakes), METHODS))
    npo = rows["npo"]
    assert npo["Log Forget Quality"] == Estimate(-3.25, -3.3125, -3.1875)
    assert (npo["Rank"], npo["Feasible"], npo["Seeds"]) == (1, True, 2)
    assert (npo["lr"], npo["L1"], npo["beta"], npo["Trials"]) == (3e-4, 2e-3, 0.25, 4)
    assert npo["Repeat"].count("python -m orchestrator.repeat ") == 2, "each of its runs"


def test_where_candidates_raced_the_table_says_how_many_were_tried(fakes):
    record = replace(fakes.record(entries(fakes)), tried={"ga": 3, "npo": 1})
    table = finals_table(record, two(fakes), METHODS)
    rows = fakes.rows(table)
    assert [rows[name]["Tried"] for name in ("ga", "npo")] == [3, 1]
    assert any(note.startswith("Tried: a trial that broke a bound") for note in table.notes)
    alone = finals_table(replace(record, tried={"ga": 1, "npo": 1}), two(fakes), METHODS)
    assert not any(note.startswith("Tried") for note in alone.notes)


def test_only_what_can_be_told_apart_from_every_other_is_bold(fakes):
    table = finals_table(fakes.record(entries(fakes)), two(fakes), METHODS)
    headings = [column.heading for column in table.columns]
    assert table.bold == {(4, headings.index("Log Forget Quality"))}
    assert any("Bold:" in note for note in table.notes)


def test_where_nothing_can_be_told_apart_nothing_is_bold_and_the_notes_do_not_speak_of_it(fakes):
    finals = two(fakes)
    alike = fakes.finals(*finals.finals, comparisons=(fakes.compared("npo", "ga", 1.0, p=0.2),))
    table = finals_table(fakes.record(entries(fakes)), alike, METHODS)
    assert table.bold == frozenset()
    assert not any("Bold" in note for note in table.notes)


def test_the_best_is_bold_though_the_methods_it_beats_are_not_shown(fakes):
    table = finals_table(fakes.record(entries(fakes)), two(fakes), ("npo",))
    assert {row for row, _ in table.bold} == {3}
    hidden = finals_table(fakes.record(entries(fakes)), two(fakes), ("ga",))
    assert hidden.bold == frozenset(), "the best of those that are shown is not the best"


def test_a_finalist_that_misses_a_bound_on_new_items_is_muted_and_says_by_how_much(fakes):
    lost = fakes.final("npo", 2, retain=0.65, quality=-3.0, rank=None)
    table = finals_table(fakes.record(entries(fakes)), fakes.finals(lost), METHODS)
    row = fakes.rows(table)["npo"]
    assert (row["Feasible"], row["Rank"]) == (False, None)
    assert row["Note"] == "retain 0.05 below its floor"
    assert 4 in table.muted


def test_a_method_without_a_finalist_says_why(fakes):
    record = fakes.record(entries(fakes))
    lost = final_line(record, two(fakes), "rmu")
    assert lost["Note"] == "none feasible, retain 0.6 below its floor"
    assert lost["Feasible"] is False
    early = fakes.record(fakes.baselines())
    assert final_line(early, fakes.finals(), "rmu")["Note"] == "nothing measured: no trial ended"
    waiting = final_line(record, fakes.finals(), "npo")
    assert (waiting["Note"], waiting["Feasible"]) == ("not run again yet", None)


@pytest.mark.parametrize(
    ("num_runs", "note"), [(0, "2 of 2 runs are not done yet"), (1, "1 of 2 runs is not")]
)
def test_runs_that_are_not_done_are_told(fakes, num_runs, note):
    final = fakes.final("npo", 2, retain=0.8, quality=-3.0, rank=None, num_runs=num_runs)
    row = fakes.rows(finals_table(fakes.record(entries(fakes)), fakes.finals(final), METHODS))[
        "npo"
    ]
    assert note in row["Note"]
    assert row["Seeds"] == num_runs
    assert row["Feasible"] is (True if num_runs else None)
    assert row["Job"] in row["Repeat"] or num_runs, "without a run it is the trial that is repeated"


def test_the_notes_say_which_items_are_reported(fakes):
    held = finals_table(fakes.record(entries(fakes)), two(fakes), METHODS)
    assert any("on the 50 % of the items that no search has seen" in note for note in held.notes)
    config = fakes.config("finalists.held_out=0")
    seen = finals_table(fakes.record(entries(fakes), config=config), two(fakes), METHODS)
    assert any("all items, which the search has selected on" in note for note in seen.notes)


def test_runs_that_failed_are_told_with_the_reason_apart_from_those_that_wait(fakes):
    final = fakes.final("npo", 2, retain=0.8, quality=-3.0, rank=1, num_runs=1)
    lost = Replicate("npo", 2, fakes.failed("npo", 2, "the loss is nan").result)
    other = Replicate("npo", 1, fakes.failed("npo", 1, "of another trial").result)
    record = replace(fakes.record(entries(fakes)), replicates=(lost, other))
    note = final_line(record, fakes.finals(final), "npo")["Note"]
    assert note == "1 of 2 runs failed (the loss is nan) and is not in the mean"
    none = fakes.final("npo", 2, retain=0.8, quality=-3.0, rank=None, num_runs=0)
    both = final_line(record, fakes.finals(none), "npo")["Note"]
    assert both == f"{note}; 1 of 2 runs is not done yet"


def test_no_less_than_gold_forgets_is_the_best_in_what_is_better_down_to_that(fakes):
    ga = fakes.final("ga", 1, retain=0.75, quality=-20.0, rank=1)
    npo = fakes.final("npo", 2, retain=0.8, quality=-3.0, rank=1)
    apart = (fakes.compared("ga", "npo", 0.1, p=0.001, metric="forget"),)

    def best(forget):
        made = replace(npo, metrics={**npo.metrics, "forget": Interval(forget, forget, forget, 2)})
        table = finals_table(
            fakes.record(entries(fakes)), fakes.finals(ga, made, comparisons=apart), METHODS
        )
        assert "better down to Gold's value" in table.columns[5].note
        return {(table.rows[row][0], table.columns[i].heading) for row, i in table.bold}

    assert best(0.25) == {("npo", "Forget")}
    assert best(0.20) == set(), "Gold has 0.24"


def test_a_rank_claims_no_more_than_was_shown(fakes):
    table = finals_table(fakes.record(entries(fakes)), two(fakes), METHODS)
    assert any(
        "one more than the number of feasible methods shown to be better (5 %, Holm); "
        "equal ranks do not mean equal methods." in note
        for note in table.notes
    )
    assert not any("share a rank" in note for note in table.notes)


def test_one_retrained_gold_model_is_no_floor(fakes):
    gold = "One retrained gold model comes to a {}; by chance alone 5 % of such models fall {}."
    for objective, value, due in (
        ("log_forget_quality", -0.85, gold.format("Log Forget Quality of -0.85", "below -3.0")),
        ("log10_forget_quality", -0.4, gold.format("log10_forget_quality of -0.40", "below -1.3")),
        ("forget", 0.25, "One retrained gold model comes to a Forget of 0.250."),
    ):
        words = [f"search.objective={objective}", f"evaluation.metrics=[retain,forget,{objective}]"]
        record = fakes.record(entries(fakes), config=fakes.config(*words))
        finals = replace(two(fakes), gold_again={"retain": 0.8, objective: value})
        assert due in finals_table(record, finals, METHODS).notes
    unknown = replace(two(fakes), gold_again=None)
    notes = finals_table(fakes.record(entries(fakes)), unknown, METHODS).notes
    assert not any("retrained" in note for note in notes)


def test_a_finalist_that_forgot_nothing_is_daggered_never_bold_and_the_rule_told(fakes):
    ga, npo = two(fakes).finals
    finals = replace(two(fakes), finals=(replace(ga, forgot=True), replace(npo, forgot=False)))
    table = finals_table(fakes.record(entries(fakes)), finals, METHODS)
    rows = fakes.rows(table)
    assert [rows[label]["Forgot"] for label in METHODS] == [True, False, None]
    assert rows["npo"]["Note"] == "no better than Original"
    assert table.daggered == {4}
    assert not table.bold
    assert table.notes[-1] == (
        "\u2020 forgot nothing beyond chance: the model did not move, or the 95 % interval of its "
        "difference from Original in log_forget_quality, on the same items, is not all better."
    )
    assert "npo\\textsuperscript{\\dag}" in latex_text(table)


def test_what_says_nothing_on_the_reported_items_is_told(fakes):
    finals = replace(two(fakes), original={**two(fakes).original, "real": 0.0})
    notes = finals_table(fakes.record(entries(fakes)), finals, METHODS).notes
    assert "Real says nothing of any method: it is 0.000, its floor, for Original already." in notes


def test_of_several_objectives_a_method_has_a_row_for_each_point_and_one_hypervolume(fakes):
    config = fakes.config()
    both = SearchSettings(objective=("log_forget_quality", "retain"))
    record = fakes.record(entries(fakes), config=config.model_copy(update={"search": both}))
    first = fakes.final("npo", 2, retain=0.72, quality=-3.25, rank=None)
    second = replace(fakes.final("npo", 1, retain=0.77, quality=-20.5, rank=None), place=2)
    record = replace(record, tried={"npo": 2}, standing={"npo": (2, 1)})
    table = finals_table(record, fakes.finals(first, second), ("npo", "rmu"))
    rows = fakes.rows(table)
    assert [row[0] for row in table.rows][3:] == ["npo", "npo (2)", "rmu"]
    assert "Rank" not in rows["npo"]
    # Above Original's -30.5 and the floor.
    floor = fakes.bounds[0].value
    both_areas = 27.25 * (0.72 - floor) + 10 * (0.77 - 0.72)
    assert rows["npo"]["Hypervolume"] == pytest.approx(both_areas)
    assert rows["npo (2)"]["Hypervolume"] is rows["npo (2)"]["Tried"] is None
    assert "gave way" not in " ".join(table.notes), "both that were tried stand"
    assert any("what a method's feasible rows dominate" in note for note in table.notes)
