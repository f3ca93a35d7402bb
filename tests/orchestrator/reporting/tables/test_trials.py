from orchestrator.reporting.formats.paper import on_paper
from orchestrator.reporting.tables.trials import trials_table


def test_every_trial_is_listed_with_its_state_and_reason(fakes):
    table = trials_table(fakes.record(), ("ga", "npo", "rmu"))
    headings = [column.heading for column in table.columns]
    rows = [dict(zip(headings, row, strict=True)) for row in table.rows]
    assert [(row["Method"], row["Trial"]) for row in rows] == [
        ("ga", 0),
        ("ga", 1),
        ("npo", 0),
        ("npo", 1),
        ("npo", 2),
        ("npo", 3),
        ("rmu", 0),
    ]
    assert (rows[5]["State"], rows[5]["Reason"]) == ("failed", "the loss is nan at step 7")
    assert rows[5]["Feasible"] is False
    assert len(rows[0]["Job"]) == 16
    assert rows[0]["Seconds"] == 4.125


def test_only_the_trials_of_the_methods_asked_for_are_listed(fakes):
    assert {row[0] for row in trials_table(fakes.record(), ("rmu",)).rows} == {"rmu"}
    assert trials_table(fakes.record(fakes.baselines()), ("ga",)).rows == ()


def test_a_trial_that_was_stopped_is_not_done(fakes):
    trials = [fakes.stopped("ga", 0, retain=0.1, step=20), fakes.trial("ga", 1)]
    rows = fakes.rows(
        trials_table(fakes.record([*fakes.baselines(), *trials]), ("ga",)), by="Trial"
    )
    assert [rows[i]["State"] for i in (0, 1)] == ["stopped", "done"]
    assert rows[0]["Reason"].startswith("stopped at step 20")


def test_paper_has_no_more_of_a_trial_than_there_is_room_for(fakes):
    table = on_paper(trials_table(fakes.record(), ("ga", "npo", "rmu")))
    headings = [column.heading for column in table.columns]
    assert headings == [
        "Method",
        "Trial",
        "lr",
        "L1",
        "beta",
        "Real",
        "Retain",
        "Forget",
        "Log Forget Quality",
        "Reason",
    ]
