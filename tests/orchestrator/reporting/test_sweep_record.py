"""A sweep is read from its folder alone, as far as it has come."""

import shutil
from dataclasses import replace

import pytest

from evals.errors import ConfigError
from orchestrator.reporting.estimates.finals import finals_of
from orchestrator.reporting.sweep_record import read_record, standing_trials
from orchestrator.storage.members import Member, MemberRole
from orchestrator.storage.result import Result, State
from orchestrator.storage.result_file import read_checksums, result_text
from tests.fixtures.baselines import gold_of


def test_a_finished_sweep_is_read_whole(stored_sweep) -> None:
    record = stored_sweep().fill().read()
    assert record.gaps == ()
    assert [(e.label, e.number) for e in record.entries] == [
        ("original", None),
        ("gold", None),
        ("ga", 0),
        ("ga", 1),
        ("npo", 0),
        ("npo", 1),
    ]
    assert [e.feasible for e in record.entries[2:]] == [True, True, True, False]
    assert record.entries[2].params == {"lr": 1e-4, "l1": 0.01}
    assert [(r.label, r.number) for r in record.replicates] == [("ga", 1), ("npo", 0)]
    assert record.gold_again is not None


def test_metrics_that_look_at_gold_are_measured_for_the_second_gold_model(stored_sweep) -> None:
    record = stored_sweep().fill().read()
    assert record.gold_again.metrics["log_forget_quality"] == pytest.approx(0.0, abs=1e-9)


def test_runs_of_a_trial_that_is_no_longer_the_best_are_left_out(stored_sweep) -> None:
    made = stored_sweep().fill()
    made.write_trial("ga", 2, lr=3e-3, retain=0.78)
    record = made.read()
    assert [(r.label, r.number) for r in record.replicates] == [("npo", 0)]
    assert record.gaps == ("Runs of the finalist ga that are not done yet: 1.",)


def test_of_candidates_that_raced_the_runs_of_the_one_that_stands_are_read(stored_sweep) -> None:
    made = stored_sweep().fill()
    made.write_trial("ga", 2, lr=3e-3, retain=0.78)
    # The floor is 0.9 of 0.8: the best candidate breaks it under the next seed.
    made.write_final("ga", 2, lr=3e-3, retain=0.7)
    record = made.read()
    assert [(r.label, r.number) for r in record.replicates] == [("ga", 1), ("npo", 0)]
    assert record.tried == {"ga": 2, "npo": 1}
    assert record.gaps == ()
    standing = standing_trials(record)
    assert {label: [trial.number for trial in of] for label, of in standing.items()} == {
        "ga": [1],
        "npo": [0],
    }


def test_what_was_used_is_read_and_nothing_written(stored_sweep) -> None:
    made = stored_sweep().fill()
    files = {f: f.stat().st_mtime_ns for f in made.folder.iterdir()}
    record = made.read()
    assert record.usage.account("ga").use.gang_s == 6.0
    assert {f: f.stat().st_mtime_ns for f in made.folder.iterdir()} == files


def test_a_sweep_without_baselines_says_so(stored_sweep) -> None:
    record = stored_sweep().read()
    assert record.reference is None
    assert record.entries == ()
    assert record.gaps[0].startswith("The baselines are not both done")


def test_a_sweep_that_is_half_done_says_which_trials_are_missing(stored_sweep) -> None:
    made = stored_sweep()
    made.write(made.original, MemberRole.ORIGINAL, "original", retain=0.8)
    made.write(made.gold, MemberRole.GOLD, "gold", retain=0.8)
    made.write_trial("ga", 0, lr=1e-4, retain=0.79)
    record = made.read()
    assert len(record.entries) == 3
    assert record.gaps == ("Trials that are not done yet: ga 1 of 2, npo 0 of 2.",)


def test_results_that_are_gone_are_named(stored_sweep) -> None:
    made = stored_sweep().fill()
    job = made.trial("ga", lr=1e-4).hash
    shutil.rmtree(made.storage.job_folder(job))
    record = made.read()
    assert record.gaps == (
        f"The records of 1 jobs are gone from storage: {job}.",
        "Trials that are not done yet: ga 1 of 2.",
    )
    assert [(e.label, e.number) for e in record.entries if e.label == "ga"] == [("ga", 1)]


def test_a_trial_is_held_against_the_gold_model_of_this_sweep_whichever_it_knew(
    stored_sweep,
) -> None:
    made = stored_sweep().fill()
    job = made.trial("ga", lr=1e-4)
    folder = made.storage.job_folder(job.hash)
    result = replace(made.storage.find(job), gold="0" * 16)
    text = result_text(result, read_checksums(folder, job.hash))
    (folder / "result.json").write_text(text, "utf-8")
    metrics = {e.number: e.result.metrics for e in made.read().entries if e.label == "ga"}
    assert metrics[0]["log_forget_quality"] == pytest.approx(0.0, abs=1e-9)
    assert metrics[1]["log_forget_quality"] == pytest.approx(-2.8)


def test_the_job_that_took_a_trials_place_counts(stored_sweep) -> None:
    made = stored_sweep().fill()
    made.write_trial("ga", 0, lr=5e-4, retain=0.78)
    (entry,) = (e for e in made.read().entries if (e.label, e.number) == ("ga", 0))
    assert entry.result.job.training.lr == 5e-4


def test_runs_under_seeds_that_are_no_longer_wanted_are_left_out(stored_sweep) -> None:
    stored_sweep("finalists.seeds=2").fill()
    made = stored_sweep("finalists.seeds=2")
    later = made.config.model_copy(update={"seed": made.config.seed + 2})
    job = made.trial("ga", lr=2e-3, config=later)
    made.write(job, MemberRole.FINAL, "ga", 1, retain=0.77)
    assert len(made.read().replicates) == 3
    assert len(stored_sweep().read().replicates) == 2


def test_runs_of_a_trial_that_is_not_its_methods_best_now_are_left_out(stored_sweep) -> None:
    made = stored_sweep().fill()
    before = made.read().replicates
    later = made.config.model_copy(update={"seed": made.config.seed + 1})
    job = made.trial("ga", lr=1e-4, config=later)
    made.write(job, MemberRole.FINAL, "ga", 0, retain=0.77)
    assert made.read().replicates == before


def test_what_finalists_lack_is_said_method_by_method(stored_sweep) -> None:
    made = stored_sweep("finalists.seeds=2").fill()
    later = made.config.model_copy(update={"seed": made.config.seed + 1})
    again = gold_of(later, made.benchmark)
    shutil.rmtree(made.storage.job_folder(again.hash))
    gaps = made.read().gaps
    assert gaps[0].startswith("The records of 1 jobs are gone")
    assert gaps[1].startswith("The gold model under another seed is not done yet")
    assert gaps[2:] == (
        "Runs of the finalist ga that are not done yet: 1.",
        "Runs of the finalist npo that are not done yet: 1.",
    )


def test_a_finalists_run_without_its_scores_is_a_gap(stored_sweep) -> None:
    made = stored_sweep().fill()
    (final,) = (r for r in made.read().replicates if r.label == "ga")
    (made.storage.job_folder(final.result.job.hash) / "scores.json").unlink()
    record = made.read()
    assert [r.label for r in record.replicates] == ["npo"]
    assert final.result.job.hash in record.gaps[0]


def test_trials_of_a_method_that_was_left_out_are_no_entries(stored_sweep) -> None:
    stored_sweep().fill()
    record = stored_sweep("methods=[ga]").read()
    assert {e.label for e in record.entries} == {"original", "gold", "ga"}


def test_a_failed_trial_is_an_entry_without_violations(stored_sweep) -> None:
    made = stored_sweep().fill()
    job = made.trial("ga", lr=4e-3)
    failed = replace(
        Result(job, State.FAILED, "the loss is nan", {}, {}, 1.0, (), 0.0), collapsed=True
    )
    made.storage.commit(failed, made.storage.begin(job), None)
    made.members.enter(Member(role=MemberRole.TRIAL, job=job.hash, label="ga", number=2, params={}))
    (entry,) = (e for e in made.read().entries if e.result.state == State.FAILED)
    assert entry.violations is None


def test_a_folder_that_moved_is_read_where_it_is(stored_sweep, tmp_path) -> None:
    made = stored_sweep().fill()
    made.storage.root.rename(tmp_path / "moved")
    record = read_record(str(tmp_path / "moved" / "sweeps" / made.config.name))
    assert len(record.entries) == 6
    assert record.storage.root == tmp_path / "moved"


def test_a_folder_that_is_no_sweeps_is_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"DIR must be the folder of a sweep, .* has no config"):
        read_record(str(tmp_path))


def test_of_several_objectives_each_point_of_a_front_stands_and_is_read_with_its_runs(
    stored_sweep,
) -> None:
    made = stored_sweep(
        "search.objective=[log_forget_quality,retain]",
        "search.constraints.log_forget_quality={at_least: -9, relative_to: absolute}",
        "finalists.points=2",
    )
    made.fill()
    record = made.read()
    assert record.standing == {"ga": (1, 0), "npo": (0,)}
    assert {label: len(of) for label, of in standing_trials(record).items()} == {"ga": 2, "npo": 1}
    assert record.gaps == ("Runs of the finalist ga (2) that are not done yet: 1.",)
    made.write_final("ga", 0, lr=1e-4)
    record = made.read()
    assert [(r.label, r.number) for r in record.replicates] == [("ga", 1), ("npo", 0), ("ga", 0)]
    assert record.gaps == ()
    finals = finals_of(record)
    assert [final.name for final in finals.finals] == ["ga", "ga (2)", "npo"]
    assert {(pair.first, pair.second) for pair in finals.comparisons} >= {("ga", "ga (2)")}
