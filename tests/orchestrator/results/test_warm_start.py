"""A warm start takes what fits of another sweep, and says what does not."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.benchmark import Benchmark
from evals.building import build_benchmark
from evals.errors import ConfigError
from orchestrator.config.loading import load_config
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import trial_job
from orchestrator.planning.plan import plan
from orchestrator.planning.plan_text import render
from orchestrator.results.warm_start import warm_start
from orchestrator.searching.study import MethodSearch
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.baselines import original_of

SMALL = [
    "methods=[ga,npo]",
    "search.sampler=random",
    "search.trials=4",
    "finalists=null",
    "evaluation.metrics=[retain,forget,log_forget_quality]",
    "benchmark.num_people=6",
    "benchmark.forget_people=2",
]


def sweep(tmp_path: Path, *overrides: str, name: str = "new") -> SweepConfig:
    return load_config(None, [*SMALL, f"storage={tmp_path}", f"name={name}", *overrides])


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return build_benchmark(load_config(None, SMALL).benchmark)


def measured(config: SweepConfig, benchmark: Benchmark, **metrics: Any) -> Path:
    """Runs the sweep's searches with made-up results and returns its folder."""
    storage = Storage(config.folder)
    folder = storage.sweep_folder(config.name)
    original = original_of(config, benchmark)
    for label in config.methods:
        search = MethodSearch(
            label,
            space=config.space(label),
            settings=config.search_for(label),
            folder=folder,
            seed=1,
        )
        while search.remaining:
            asked = search.ask()
            job = trial_job(config, benchmark, label=label, params=asked.params, original=original)
            known = {"retain": 0.8, "forget": 0.4, "log_forget_quality": -3.0, **metrics}
            result = Result(job, State.DONE, "", known, {}, 1.0, (), 0.0)
            storage.commit(result, storage.begin(job), None)
            told = {"objective": -3.0, "violations": {"retain.at_least": -0.1}}
            search.tell(asked.number, **told, job=job.hash)
    return folder


def refusal(config: SweepConfig) -> str:
    with pytest.raises(ConfigError) as caught:
        warm_start(config)
    return str(caught.value)


def test_without_a_folder_there_is_nothing(tmp_path) -> None:
    assert warm_start(sweep(tmp_path)) == ()


def test_measured_trials_of_the_same_labels_are_taken(tmp_path, benchmark) -> None:
    old = measured(sweep(tmp_path / "there", name="old"), benchmark)
    config = sweep(tmp_path / "here", f"search.warm_start={old}", "methods=[npo,gd]")
    past = warm_start(config)
    assert [trial.label for trial in past] == ["npo"] * 4
    assert [trial.origin.partition("@")[0] for trial in past] == [f"old/{n}" for n in range(4)]
    assert all(set(trial.params) == {"lr", "l1"} for trial in past)
    assert past[0].result.metrics["retain"] == 0.8
    said = render(plan(config, benchmark, storage=Storage(config.folder)))
    assert "Warm start: trials of old (npo 4)" in said


def test_what_was_fixed_there_may_be_searched_here(tmp_path, benchmark) -> None:
    old = measured(sweep(tmp_path, name="old"), benchmark)
    more = "methods.npo.search={beta: default}"
    past = warm_start(sweep(tmp_path, f"search.warm_start={old}", more))
    assert {trial.params["beta"] for trial in past if trial.label == "npo"} == {0.1}


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["methods=[gd]"], "8 of a label that is not in this sweep"),
        (
            ["methods=[npo]", "methods.npo.method=ga"],
            "4 of a label that is not in this sweep, 4 of another method under the same label",
        ),
        (["search.lr={low: 0.01, high: 0.1}"], "8 with values outside what is searched here"),
        (["search.l1=null"], "8 with other values for what is not searched here"),
        (
            ["methods=[npo]", "methods.npo.beta=0.5"],
            "4 with other values for what is not searched here",
        ),
        (
            ["methods=[npo]", "methods.npo.forget=text"],
            "4 with other values for what is not searched here",
        ),
        (
            ["evaluation.metrics=[retain,real,log_forget_quality]", "search.objective=real"],
            "8 without a number for the objective or a constrained metric",
        ),
    ],
)
def test_nothing_to_take_is_refused_with_the_reasons(tmp_path, benchmark, overrides, said) -> None:
    old = measured(sweep(tmp_path, name="old"), benchmark)
    message = refusal(sweep(tmp_path, *overrides, f"search.warm_start={old}"))
    assert message.startswith("search.warm_start must be a sweep with trials that fit this one but")
    assert said in message
    assert message.endswith("; name another sweep or leave it out")


def test_numbers_that_are_not_finite_are_not_taken(tmp_path, benchmark) -> None:
    old = measured(sweep(tmp_path, name="old"), benchmark, retain=math.nan)
    assert "8 without a number" in refusal(sweep(tmp_path, f"search.warm_start={old}"))


def test_results_that_are_gone_are_not_taken(tmp_path, benchmark) -> None:
    config = sweep(tmp_path, name="old")
    old = measured(config, benchmark)
    (config.folder / "jobs").rename(config.folder / "elsewhere")
    assert "8 without a result in its storage" in refusal(
        sweep(tmp_path, f"search.warm_start={old}")
    )


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_what_is_no_sweeps_folder_is_refused(tmp_path, folder) -> None:
    said = refusal(sweep(tmp_path, f"search.warm_start={tmp_path / folder}"))
    assert said.startswith("search.warm_start must be the folder of a sweep, <storage>/sweeps/<n")
    assert said.endswith("(No such file or directory); correct the path or leave it out")


def test_a_sweep_cannot_start_from_itself(tmp_path, benchmark) -> None:
    old = measured(sweep(tmp_path, name="old"), benchmark)
    said = refusal(sweep(tmp_path, f"search.warm_start={old}", name="old"))
    assert said.startswith("search.warm_start must be another sweep's folder but got this one's")


def test_a_failed_result_is_not_taken(tmp_path, benchmark) -> None:
    config = sweep(tmp_path, name="old")
    old = measured(config, benchmark)
    storage = Storage(config.folder)
    for job in storage.jobs():
        found = storage.find(job)
        assert found is not None
        (storage.job_folder(job.hash) / "result.json").unlink()
        storage.job_folder(job.hash).rename(tmp_path / job.hash)
        failed = replace(found, state=State.FAILED, reason="lost", metrics={})
        storage.commit(failed, storage.begin(job), None)
    assert "8 without a number" in refusal(sweep(tmp_path, f"search.warm_start={old}"))
