"""A rank's memory follows from the sweep's settings, kind by kind."""

import shutil
from dataclasses import dataclass

import pytest

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.planning.memory import (
    FINE_TUNING,
    GIB,
    MIB,
    JobMemory,
    job_memory,
    kinds_of,
    least_bytes,
    memory_table,
    reference_line,
)
from orchestrator.planning.model_sizes import ModelSizes, sweep_sizes
from orchestrator.planning.plan import Plan, plan
from orchestrator.storage.records import Storage
from trainers.kept_states import KEPT_BYTES
from trainers.memory.footprint import Weights
from trainers.methods import retain_ft

pytestmark = pytest.mark.usefixtures("sizes_known")

N, LORA = 6_738_415_616, 19_988_480


def memories(config: SweepConfig, benchmark) -> dict[str, JobMemory]:
    found = planned(config, benchmark)
    kinds = kinds_of(found, sweep_sizes(found))
    return {kind.jobs: job_memory(kind, found) for kind in kinds}


def planned(config: SweepConfig, benchmark) -> Plan:
    return plan(config, benchmark, storage=Storage(config.folder))


def test_baselines_train_everything_and_trials_an_adapter(large_sweep, few_people):
    found = memories(large_sweep(), few_people)
    step = {m.moment: m for m in found["baselines"].moments}["step"]
    assert (step.parameters, step.optimizer) == (2 * N, 12 * N // 4)
    step = {m.moment: m for m in found["trials"].moments}["step"]
    assert (step.parameters, step.optimizer) == (2 * (N + LORA), 12 * LORA // 4)


def test_whole_models_train_beside_what_is_kept_of_their_start(large_sweep, few_people):
    """A second model where a method compares with it, and where L1 pulls to, a part of each rank.

    large_sweep searches ga (no reference) and kl, and L1.
    """
    found = memories(large_sweep(adapter=None), few_people)["trials"]
    assert found.method == "kl"
    assert found.at("step").parameters == (2 + 2) * N
    assert found.at("step").optimizer == (12 + 4) * N // 4
    without = large_sweep(adapter=None, methods=["ga", "npo"], search={"l1": None, "trials": 3})
    found = memories(without, few_people)["trials"]
    assert found.at("step").parameters == 2 * N, "likelihoods need no second model"
    assert found.at("step").optimizer == 12 * N // 4


def test_trials_are_estimated_for_the_method_that_takes_most(large_sweep, few_people):
    assert memories(large_sweep(), few_people)["trials"].method == "kl"
    more = large_sweep(methods={"kl": {}, "mine": {"method": "llmu", "num_random": 4}})
    assert memories(more, few_people)["trials"].method == "mine"


def test_finding_salient_weights_takes_two_numbers_for_each_that_trains(large_sweep, few_people):
    def taken(**settings):
        methods = {"mine": {"method": "mmunlearner"}, **settings}
        return memories(large_sweep(methods=methods), few_people)["trials"]

    found = taken()
    ascent = memories(large_sweep(methods={"ga": {}}), few_people)["trials"]
    gained = found.at("backward").total - ascent.at("backward").total
    assert gained == 8 * found.kind.size.weights.trained > 0


def test_what_is_kept_of_the_reference_is_in_a_cpus_memory_and_beside_a_gpus(
    large_sweep, few_people
):
    def held(**gang):
        found = memories(large_sweep(gang={"ranks": 1, **gang}), few_people)["trials"]
        return found.reference_bytes, found.at("evaluation").buffers

    kept, on_gpu = held(gpus_per_rank=1)
    assert held(gpus_per_rank=0) == (kept, on_gpu + kept)
    assert 0 < kept <= KEPT_BYTES
    assert memories(large_sweep(methods=["ga"]), few_people)["trials"].reference_bytes == 0
    sharded = large_sweep(engine={"zero_stage": 3})
    assert memories(sharded, few_people)["trials"].reference_bytes == 0


def test_what_is_kept_of_the_reference_is_said_where_it_is_kept(large_sweep, few_people):
    found = list(memories(large_sweep(), few_people).values())
    mib = found[1].reference_bytes / MIB
    said = f"A rank keeps up to {mib:.0f} MiB of what the reference says of rows, "
    assert reference_line(found, on_gpu=True) == f"{said}in its node's memory beside its GPU's"
    assert reference_line(found, on_gpu=False) == f"{said}which is among its buffers"
    assert reference_line(found[:1], on_gpu=True) == ""


def test_fine_tuning_asks_for_what_its_method_does():
    assert retain_ft.Method(retain_ft.Config()).requirements == FINE_TUNING


def test_given_baselines_are_not_trained(large_sweep, few_people, llama_2_7b, tmp_path):
    model = shutil.copytree(llama_2_7b, tmp_path / "model")
    (model / "model.safetensors").touch()
    recipe = {"batch_size": 8, "micro_batch_size": 2}
    given = {"training": recipe, "original": str(model), "gold": str(model)}
    assert list(memories(large_sweep(baselines=given), few_people)) == ["trials"]


def activations(config, benchmark, moment="backward"):
    found = {m.moment: m for m in memories(config, benchmark)["trials"].moments}
    return found[moment].activations


def test_half_the_micro_batch_takes_half_the_activations(large_sweep, few_people):
    half = large_sweep(training={"batch_size": 8, "micro_batch_size": 1})
    assert activations(half, few_people) * 2 == activations(large_sweep(), few_people)


def test_checkpointing_takes_less(large_sweep, few_people, llama_2_7b):
    model = {"name": "causal_lm", "path": str(llama_2_7b), "gradient_checkpointing": True}
    checkpointing = activations(large_sweep(model=model), few_people)
    assert checkpointing < 0.4 * activations(large_sweep(), few_people)


@dataclass(frozen=True)
class ClassifierSize:
    """A model of pictures: a row is one position and takes 1000 bytes a pass, scored 10."""

    weights: Weights = Weights(500, 500, 100, 500, loaded_bytes=4, entry_bytes=4)
    cache_bytes: int = 0

    def training_bytes(self, asked, *, num_rows, length, num_labels):
        return 1000 * num_rows * sum(asked.passes)

    def reference_bytes(self, drawn, *, length):
        return 0

    def evaluation_bytes(self, *, num_rows, length, num_labels, num_generated):
        return 10 * num_rows


def test_a_model_that_is_no_decoder_answers_for_itself(large_sweep, few_people):
    config, sizes = large_sweep(), ModelSizes(ClassifierSize(), ClassifierSize())
    found = planned(config, few_people)
    baselines, trials = (
        {m.moment: m for m in job_memory(kind, found).moments} for kind in kinds_of(found, sizes)
    )
    assert baselines["backward"].activations == 1000 * 2
    assert trials["backward"].activations == 1000 * 2 * 2  # KL reads two batches
    assert trials["evaluation"].activations == 10 * config.evaluation.batch_size


def test_generating_takes_keys_and_values_for_as_many_tokens_as_it_may(large_sweep, few_people):
    def takes(num_new: int) -> int:
        settings = {"metrics": ["retain", "log_forget_quality", "forget"], "batch_size": 4}
        config = large_sweep(evaluation={**settings, "max_new_tokens": num_new})
        return activations(config, few_people, "evaluation")

    assert takes(1200) - takes(1000) == 200 * 4 * 2 * 2 * 32 * 4096


def test_the_least_leaves_batches_out_and_falls_with_the_stage(large_sweep, few_people):
    config = large_sweep(methods=["ga"])
    found = planned(config, few_people)
    kinds = kinds_of(found, sweep_sizes(found))
    least = {
        stage: least_bytes(
            kinds[0], config, engine=config.engine.model_copy(update={"zero_stage": stage}), ranks=4
        )
        for stage in (0, 2, 3)
    }
    assert least[0] == 2 * N + 2 * N + 4 * N + 12 * N  # the step's float32 gradients beside bf16
    assert least[2] == 2 * N + (4 + 12) * N // 4
    assert least[3] < least[2]


def test_the_table_has_a_line_for_each_kind_in_gib(large_sweep, few_people):
    found = memories(large_sweep(), few_people)
    lines = memory_table(list(found.values())).splitlines()
    assert "all, GiB" in lines[0]
    assert [line.split("  ")[0] for line in lines[2:]] == ["baselines", "trials (kl)"]
    assert float(lines[2].split()[-1]) == pytest.approx(
        found["baselines"].peak.total / GIB, abs=0.01
    )
