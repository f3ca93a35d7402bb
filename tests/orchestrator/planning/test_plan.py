"""The plan says what would run, what is done already, and refuses what cannot be measured."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.benchmark import Benchmark, Role
from evals.building import build_benchmark
from evals.errors import ConfigError
from evals.text.example import Example, Probability, Task
from evals.validation import validated
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.jobs.build import trial_job
from orchestrator.jobs.checkpoints import given_weights
from orchestrator.planning.jobs_left import batches_of
from orchestrator.planning.plan import plan
from orchestrator.planning.plan_text import render
from orchestrator.storage.members import Member, MemberRole, Members
from orchestrator.storage.records import Storage
from orchestrator.storage.result import Result, State
from tests.fixtures.baselines import gold_of, original_of
from trainers.job import Job, Phase


def sweep(**changes: Any) -> SweepConfig:
    raw = {
        "name": "small",
        "benchmark": {"name": "characters"},
        "model": {"name": "tiny_llama"},
        "baselines": {"training": {"epochs": 2, "batch_size": 8}},
        "training": {"epochs": 5, "batch_size": 8},
        "methods": {"ga": {}, "npo": {"search": {"beta": "default"}}},
        "search": {"trials": 3},
        **changes,
        "evaluation": {
            "metrics": ["retain", "forget", "log_forget_quality"],
            **changes.get("evaluation", {}),
        },
    }
    config: SweepConfig = validated(SweepConfig, raw, key="")
    return config


def people() -> Benchmark:
    """Returns 12 people to be forgotten and 20 to be retained."""
    everyone = tuple(Example(f"p{i}", f"Who is {i}?", f"{i}") for i in range(32))
    forget, retain = everyone[:12], everyone[12:]
    tasks = (
        Task("forget", Role.FORGET, Probability.PLAIN, forget),
        Task("retain", Role.RETAIN, Probability.PLAIN, retain),
    )
    splits = {"full": everyone, "forget": forget, "retain": retain, "holdout": ()}
    return Benchmark("people", splits, tasks, ("I do not know.",))


def finish(storage: Storage, job: Job) -> None:
    result = Result(job, State.DONE, "", {"retain": 0.5}, {}, 1.0, (), 0.0)
    storage.commit(result, storage.begin(job), None)


def finish_trial(storage: Storage, config: SweepConfig, label: str, **params: float | str) -> None:
    original = original_of(config, people())
    finish(storage, trial_job(config, people(), label=label, params=params, original=original))


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "runs")


def test_steps_are_counted_as_the_training_loop_counts_them(storage: Storage) -> None:
    found = plan(sweep(), people(), storage=storage)
    # 5 epochs of 12 forget rows in batches of 8: 7.5, so 8. 2 epochs of 32 and of 20: 8 and 5.
    assert [method.num_steps for method in found.methods] == [8, 8]
    assert [baseline.num_steps for baseline in found.baselines] == [8, 5]
    assert found.num_trials == 6


def test_a_method_with_epochs_of_its_own_has_its_own_steps(storage: Storage) -> None:
    methods = {"ga": {}, "long": {"method": "ga", "training": {"epochs": 10}}}
    found = plan(sweep(methods=methods), people(), storage=storage)
    assert [method.num_steps for method in found.methods] == [8, 15]
    assert "6 trials of 8 to 15 optimizer steps" in render(found)


def test_nothing_is_done_in_a_fresh_storage_and_planning_leaves_it_so(storage: Storage) -> None:
    found = plan(sweep(), people(), storage=storage)
    assert not any(baseline.finished for baseline in found.baselines)
    assert found.num_finished == 0
    assert not storage.root.exists()


def test_baselines_in_storage_are_found_again_by_another_sweep(storage: Storage) -> None:
    for job in (original_of(sweep(), people()), gold_of(sweep(), people())):
        finish(storage, job)
    found = plan(sweep(name="another"), people(), storage=storage)
    assert all(baseline.finished for baseline in found.baselines)


def test_finished_trials_count_for_the_method_that_made_them(storage: Storage) -> None:
    config = sweep()
    finish_trial(storage, config, "ga", lr=1e-4, l1=1e-2)
    finish_trial(storage, config, "npo", lr=1e-4, l1=1e-2, beta=0.1)
    finish_trial(storage, config, "npo", lr=2e-4, l1=1e-2, beta=0.1)
    found = plan(config, people(), storage=storage)
    assert {m.label: m.finished for m in found.methods} == {"ga": 1, "npo": 2}


def test_trials_outside_the_space_or_of_another_recipe_do_not_count(storage: Storage) -> None:
    config = sweep()
    finish_trial(storage, config, "ga", lr=0.5, l1=1e-2)
    finish_trial(storage, sweep(training={"epochs": 1, "batch_size": 8}), "ga", lr=1e-4, l1=1e-2)
    finish_trial(storage, sweep(seed=1), "ga", lr=1e-4, l1=1e-2)
    assert plan(config, people(), storage=storage).num_finished == 0


def test_no_more_trials_are_finished_than_the_budget_has(storage: Storage) -> None:
    config = sweep()
    for lr in (1e-5, 2e-5, 3e-5, 4e-5, 5e-5):
        finish_trial(storage, config, "ga", lr=lr, l1=1e-2)
    assert plan(config, people(), storage=storage).methods[0].finished == 3


def test_the_printed_plan_says_all_of_it(storage: Storage) -> None:
    config = sweep()
    finish(storage, original_of(config, people()))
    finish_trial(storage, config, "ga", lr=1e-4, l1=1e-2)
    text = render(plan(config, people(), storage=storage))
    for said in (
        "Sweep small (seed 0)",
        "Benchmark people: full 32, forget 12, retain 20",
        "Gang: 2 ranks of 1 CPU, PACK",
        "maximize log_forget_quality with retain >= 0.9 x the original's",
        "lr 1e-05..0.001 log",
        "beta 0.01..1 log",
        "6 trials of 8 optimizer steps, 1 of them finished already",
    ):
        assert said in text
    states = [line.split()[-1] for line in text.splitlines() if "original " in line[:10]]
    assert states == ["finished"]
    assert "gold" in text
    assert text.count("to do") == 1


def test_a_gang_of_one_has_one_rank(storage: Storage) -> None:
    config = sweep(gang={"ranks": 1})
    assert "Gang: 1 rank of 1 CPU" in render(plan(config, people(), storage=storage))


def test_the_plan_says_what_the_rows_lack(storage: Storage, tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    facts = [f"What of {n} and {k}?,{n} {k}.,{n}" for n in ("Hina", "Basil") for k in "abc"]
    table.write_text("\n".join(["question,answer,person", *facts]))
    columns = {"question": "question", "answer": "answer", "person": "person"}
    own = {"name": "table", "path": str(table), "columns": columns, "forget": ["Hina"]}
    config = sweep(benchmark=own)
    text = render(plan(config, build_benchmark(config.benchmark), storage=storage))
    assert "Without questions of general knowledge (real_file) there is no Real." in text


def test_the_plan_says_every_constraint_and_condition(storage: Storage) -> None:
    constraints = {
        "retain": {"at_least": 0.9, "relative_to": "gold"},
        "forget": {"at_least": 0.1, "at_most": 0.5, "relative_to": "absolute"},
    }
    alpha = {"low": 1, "high": 4, "log": False, "when": {"retain_term": ["nll", "kl"]}}
    npo = {"search": {"retain_term": {"choices": ["none", "nll", "kl"]}, "alpha": alpha}}
    config = sweep(methods={"npo": npo}, search={"constraints": constraints})
    text = render(plan(config, people(), storage=storage))
    said = "with retain >= 0.9 x the gold's and forget >= 0.1 and forget <= 0.5"
    assert f"maximize log_forget_quality {said}" in text
    assert "retain_term none|nll|kl, alpha 1..4 if retain_term nll|kl" in text
    free = sweep(search={"constraints": {}})
    assert "log_forget_quality without constraints" in render(plan(free, people(), storage=storage))


def test_a_grid_smaller_than_the_budget_is_planned_as_it_is(storage: Storage) -> None:
    config = sweep(search={"sampler": "grid", "trials": 7})
    assert [method.trials for method in plan(config, people(), storage=storage).methods] == [6, 6]


def test_a_trial_of_another_branch_is_found_without_what_it_left_unused(storage: Storage) -> None:
    alpha = {"low": 0.5, "high": 4, "when": {"retain_term": "kl"}}
    npo = {"search": {"retain_term": {"choices": ["none", "kl"]}, "alpha": alpha}}
    config = sweep(methods={"npo": npo})
    where = {"lr": 1e-4, "l1": 1e-2}
    finish_trial(storage, config, "npo", **where, retain_term="none")
    finish_trial(storage, config, "npo", **where, retain_term="kl", alpha=2.0)
    finish_trial(storage, config, "npo", **where, retain_term="nll")
    assert plan(config, people(), storage=storage).methods[0].finished == 2


def test_no_more_items_are_said_to_be_scored_than_will_be(storage: Storage) -> None:
    text = render(plan(sweep(evaluation={"max_items": 15}), people(), storage=storage))
    assert "scored on forget 12, retain 15" in text


def test_a_given_checkpoint_takes_no_steps(storage: Storage, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.safetensors").write_text("w")
    config = sweep(baselines={"original": str(model)})
    assert plan(config, people(), storage=storage).baselines[0].num_steps == 0


def test_a_metric_that_needs_a_holdout_is_refused_where_there_is_none(storage: Storage) -> None:
    config = sweep(evaluation={"metrics": ["retain", "log_forget_quality", "mia_loss"]})
    with pytest.raises(ConfigError) as caught:
        plan(config, people(), storage=storage)
    assert str(caught.value) == (
        "evaluation.metrics must be measurable on people but got 'mia_loss', which needs a "
        "holdout; give the benchmark some or leave the metric out"
    )


def test_a_method_that_needs_refusals_is_refused_where_there_are_none(storage: Storage) -> None:
    silent = replace(people(), refusals=())
    with pytest.raises(ConfigError, match="methods.mine must be trainable on people but got 'idk'"):
        plan(sweep(methods={"mine": {"method": "idk"}}), silent, storage=storage)
    assert plan(sweep(), silent, storage=storage).num_trials == 6


def test_a_method_that_needs_mirror_images_is_refused_where_rows_have_none(
    storage: Storage,
) -> None:
    with pytest.raises(ConfigError, match="got 'twins', which needs mirror images of its rows"):
        plan(sweep(methods={"mine": {"method": "twins"}}), people(), storage=storage)


def test_refusals_may_be_needed_by_a_choice_that_is_searched(storage: Storage) -> None:
    silent = replace(people(), refusals=())
    search = {"order": {"choices": ["as_run", "intended"]}}
    with pytest.raises(ConfigError, match="methods.dpo_clear_repo must be trainable on people"):
        plan(sweep(methods={"dpo_clear_repo": {"search": search}}), silent, storage=storage)


def test_a_share_that_leaves_finalists_nothing_is_refused(tmp_path: Path) -> None:
    config = sweep(storage=tmp_path, finalists={"held_out": 0.1})
    with pytest.raises(
        ConfigError, match=r"finalists\.held_out must leave at least 2 items .* 12 of"
    ):
        plan(config, people(), storage=Storage(tmp_path))
    whole = sweep(storage=tmp_path, finalists={"held_out": 0})
    assert plan(whole, people(), storage=Storage(tmp_path)).num_final_trials == 6


def test_runs_of_finalists_that_are_done_are_not_planned_again(tmp_path: Path) -> None:
    config = sweep(storage=tmp_path, finalists={"seeds": 2})
    storage = Storage(tmp_path)
    found = plan(config, people(), storage=storage)
    assert (found.num_final_trials_left, found.num_models_left) == (4, 3)
    later = config.model_copy(update={"seed": 1})
    original = original_of(config, people())
    params = {"lr": 1e-4, "l1": 1e-2}
    final = trial_job(later, people(), label="ga", params=params, original=original)
    again = gold_of(later, people())
    members = Members(storage.sweep_folder(config.name))
    for job, role, number in ((final, MemberRole.FINAL, 0), (again, MemberRole.GOLD_AGAIN, None)):
        finish(storage, job)
        members.enter(Member(role=role, job=job.hash, label="ga", number=number, seed=1))
    found = plan(config, people(), storage=storage)
    assert (found.num_final_trials_left, found.num_models_left) == (3, 2)
    assert found.num_models == 3


def test_a_given_checkpoint_is_hashed_once_and_its_job_stands_on_the_plan(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, hashed = {}, []
    for name in ("original", "gold"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").write_bytes(name.encode())
        given[name] = str(tmp_path / name)

    def weights(checkpoint: str, *, phase: Phase) -> str:
        hashed.append((checkpoint, phase))
        return given_weights(checkpoint, phase=phase)

    monkeypatch.setattr("orchestrator.jobs.build.given_weights", weights)
    found = plan(sweep(baselines=given), people(), storage=storage)
    assert hashed == [(given["original"], Phase.ORIGINAL), (given["gold"], Phase.GOLD)]
    assert [each.job.weights for each in found.baselines] == [
        given_weights(given[name], phase=Phase(name)) for name in ("original", "gold")
    ]


def test_the_gold_models_second_job_stands_on_the_plan(storage: Storage) -> None:
    found = plan(sweep(), people(), storage=storage)
    gold, again = found.baselines[1].job, found.gold_again.job
    assert again == gold.model_copy(update={"seed": gold.seed + 1})
    assert [each.job for each in found.models] == [found.baselines[0].job, gold, again]
    assert plan(sweep(finalists=None), people(), storage=storage).gold_again is None


def test_rouge_of_an_answer_without_words_is_refused(storage: Storage) -> None:
    benchmark = people()
    forget, retain = benchmark.tasks
    silent = replace(retain.examples[3], answer="?! \u2014")
    changed = replace(retain, examples=(*retain.examples[:3], silent, *retain.examples[4:]))
    benchmark = replace(benchmark, tasks=(forget, changed))
    search = {"trials": 3, "objective": "retain", "constraints": {}}
    forgotten = sweep(search=search, evaluation={"metrics": ["retain", "forget_rouge"]})
    assert plan(forgotten, benchmark, storage=storage).methods
    both = sweep(search=search, evaluation={"metrics": ["retain", "retain_rouge"]})
    with pytest.raises(ConfigError, match=r"got 'retain_rouge', .* of p15, '\?! —', has no letter"):
        plan(both, benchmark, storage=storage)


def test_models_for_attacks_are_counted_with_those_that_are_there(storage: Storage) -> None:
    raw = {
        "benchmark": {"name": "portraits", "size": 16, "num_splits": 40, "split": 2},
        "model": {"name": "face_recogniser"},
        "adapter": None,
        "evaluation": {"metrics": ["retain_accuracy", "forget_accuracy", "holdout_accuracy"]},
        "search": {
            "objective": "forget_accuracy",
            "constraints": {"retain_accuracy": {"at_least": 0.9}},
        },
        "methods": {"gd": {}, "ga": {}},
        "finalists": None,
        "attacks": {"targets": 8, "shadows": 8},
    }
    config = sweep(**raw)
    found = plan(config, build_benchmark(config.benchmark), storage=storage)
    assert found.shadows_left == {"original": 16, "gold": 16, "gd": 16, "ga": 16}
    assert (
        "Then attacks: 8 targets and 8 shadows of both worlds, Original, Gold and each method at "
        "16 more splits: 64 models at most, 0 of them finished already\n"
        "Few models for attacks: attacks.targets 8 and attacks.shadows 8: 16 and more tell steadier"
    ) in render(found)
    members = Members(storage.sweep_folder("small"))
    for split, job in ((0, gold_of(config, found.benchmark)), (39, None)):
        if job is not None:
            finish(storage, job)
        name = "0" * 16 if job is None else job.hash
        members.enter(Member(role=MemberRole.SHADOW, job=name, label="gd", number=1, split=split))
    found = plan(config, found.benchmark, storage=storage)
    assert found.shadows_left == {"original": 16, "gold": 16, "gd": 15, "ga": 16}
    assert "64 models at most, 1 of them finished" in render(found)
    batches = [batch for batch in batches_of(found, [], {}) if batch.jobs == "attacks"]
    assert [batch.count for batch in batches] == [16, 16, 15, 16]


def test_a_part_that_a_benchmark_has_not_is_refused_by_name(storage: Storage) -> None:
    config, whole = sweep(methods={"some": {"method": "ga", "forget": "text"}}), people()
    with pytest.raises(ConfigError) as caught:
        plan(config, whole, storage=storage)
    assert str(caught.value) == (
        "methods.some.forget must be a part of what people has to be forgotten, which is not "
        "divided, but got 'text'; leave it out"
    )
    parts = {f"forget_{name}": whole.splits["forget"][:4] for name in ("said", "shown")}
    divided = replace(whole, splits={**whole.splits, **parts})
    with pytest.raises(ConfigError, match=r"which is said or shown, .*; choose said, shown$"):
        plan(config, divided, storage=storage)
    config = sweep(methods={"some": {"method": "ga", "forget": "said"}, "ga": {}})
    found = plan(config, divided, storage=storage)
    assert [method.num_steps for method in found.methods] == [3, 8]
