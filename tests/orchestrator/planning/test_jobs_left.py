"""The jobs of a plan with their work, reckoned by hand for one sweep."""

import pytest

from evals.text.row_lengths import mean_positions
from orchestrator.planning.jobs_left import batches_of
from orchestrator.planning.memory import kinds_of
from orchestrator.planning.model_sizes import sweep_sizes
from orchestrator.planning.plan import plan
from orchestrator.planning.throughput import Pace
from orchestrator.storage.records import Storage
from trainers.memory.flops import RIDGE_TOKENS

pytestmark = pytest.mark.usefixtures("sizes_known")

N, LORA = 6_738_415_616, 19_988_480


def batches(config, benchmark, *, known=True, paces=None):
    found = plan(config, benchmark, storage=Storage(config.folder))
    kinds = kinds_of(found, sweep_sizes(found)) if known else []
    return batches_of(found, kinds, paces or {})


def test_every_baseline_and_method_is_a_batch(large_sweep, few_people):
    found = batches(large_sweep(), few_people, paces={"": Pace(1.0, 2), "kl": Pace(2.0, 3)})
    counts = [(each.jobs, each.count, each.num_steps) for each in found]
    # 5 epochs of 32, of 20 and of 12 rows in batches of 8.
    assert counts == [
        ("baselines", 1, 20),
        ("baselines", 1, 13),
        ("trials", 3, 8),
        ("trials", 3, 8),
    ]
    assert [each.pace for each in found] == [Pace(1.0, 2), Pace(1.0, 2), None, Pace(2.0, 3)]


def test_finalists_are_trials_again_and_gold_once_more(large_sweep, few_people):
    found = batches(large_sweep(finalists={"seeds": 2}), few_people)
    counts = [(each.jobs, each.count, each.num_steps) for each in found[4:]]
    assert counts == [("finalists", 1, 13), ("finalists", 2, 8), ("finalists", 2, 8)]
    assert [each.flops for each in found[4:]] == [each.flops for each in found[1:4]]


def test_work_is_training_and_scoring(large_sweep, few_people):
    original, _, ga, kl = batches(large_sweep(), few_people)
    length = mean_positions(few_people.splits["full"], max_length=256)
    assert 4 * length < RIDGE_TOKENS  # two rows, or an evaluation's four, are a small pass
    scored = 2 * 8 * RIDGE_TOKENS  # 12 and 20 rows in batches of 4 rows
    assert original.flops == pytest.approx(20 * 4 * RIDGE_TOKENS * 6 * N + N * scored)
    trained = 8 * 4 * RIDGE_TOKENS
    assert ga.flops == pytest.approx(trained * (4 * N + 6 * LORA) + N * scored)
    assert kl.flops == pytest.approx(trained * (2 * (4 * N + 6 * LORA) + 2 * N) + N * scored)


def test_generating_counts_every_token_as_a_pass(large_sweep, few_people):
    plain = batches(large_sweep(), few_people)[2].flops
    metrics = {"metrics": ["retain", "log_forget_quality", "forget"], "batch_size": 4}
    evaluation = {**metrics, "max_new_tokens": 50}
    generating = batches(large_sweep(evaluation=evaluation), few_people)[2].flops
    # 12 forget rows over 4 ranks: one batch each.
    assert generating - plain == pytest.approx(4 * 50 * RIDGE_TOKENS * 2 * N)


def test_without_a_model_there_is_no_work_to_reckon(large_sweep, few_people):
    found = batches(large_sweep(), few_people, known=False)
    assert {each.flops for each in found} == {None}


def test_a_cpu_does_small_passes_quickly(large_sweep, few_people):
    on_cpus = batches(large_sweep(gang={"ranks": 4}), few_people)[0].flops
    assert on_cpus < batches(large_sweep(), few_people)[0].flops
