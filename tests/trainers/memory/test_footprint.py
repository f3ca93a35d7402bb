"""A rank's memory: golden values for Llama-2-7B, and what engines of a small Llama really hold."""

from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from evals import plugins
from evals.text.encoding import model_inputs
from trainers.adapters import add_adapter, parameter_groups
from trainers.batch import single
from trainers.decoder_call import ARGUMENTS
from trainers.engine import Engine
from trainers.losses import mean_nll
from trainers.memory.activations import Mode, training_bytes
from trainers.memory.decoder import DecoderSize, decoder_of
from trainers.memory.footprint import BUCKET, Sharding, Start, Weights, footprints
from trainers.memory.passes import Pass
from trainers.memory.weights import weights_of
from trainers.method import PACKAGE
from trainers.settings import AdapterSettings, EngineSettings, L1Mode, TrainingSettings
from trainers.views import StudentView

STUDY = Path(__file__).with_name("footprint_study.py")
TOTAL, LORA = 6_738_415_616, 19_988_480
"""Llama-2-7B: hidden 4096, 32 layers, intermediate 11008, vocabulary 32000, LoRA of rank 8."""
WHOLE = Weights(
    total=TOTAL,
    trained=TOTAL,
    largest=32000 * 4096,
    small=65 * 4096,
    loaded_bytes=2,
    entry_bytes=2,
)
ADAPTED = Weights(
    total=TOTAL + LORA,
    trained=LORA,
    largest=8 * 11008,
    small=65 * 4096 + LORA,
    loaded_bytes=2,
    entry_bytes=2,
)


def moments(weights, sharding, **given):
    sizes = {"training_bytes": 0, "evaluation_bytes": 0, **given}
    return {moment.moment: moment for moment in footprints(weights, sharding, **sizes)}


@pytest.mark.parametrize(
    ("stage", "ranks", "parameters", "gradients", "optimizer"),
    [
        # 2 N, 2 N, 12 N on every rank
        (0, 1, 13_476_831_232, 13_476_831_232, 80_860_987_392),
        (0, 8, 13_476_831_232, 13_476_831_232, 80_860_987_392),
        # 2 N, (2 N + 12 N) / ranks
        (1, 1, 13_476_831_232, 13_476_831_232, 80_860_987_392),
        (1, 4, 13_476_831_232, 3_369_207_808, 20_215_246_848),
        (2, 4, 13_476_831_232, 3_369_207_808, 20_215_246_848),
        (2, 8, 13_476_831_232, 1_684_603_904, 10_107_623_424),
        # everything / ranks, and the 65 norms of 4096 entries whole
        (3, 1, 13_476_831_232, 13_476_831_232, 80_860_987_392),
        (3, 4, 3_369_207_808 + 532_480, 3_369_207_808, 20_215_246_848),
        (3, 8, 1_684_603_904 + 532_480, 1_684_603_904, 10_107_623_424),
    ],
)
def test_all_of_llama_2_7b_in_bf16(stage, ranks, parameters, gradients, optimizer):
    found = moments(WHOLE, Sharding(stage, ranks))["reducing"]
    assert (found.parameters, found.gradients, found.optimizer) == (
        parameters,
        gradients,
        optimizer,
    )


@pytest.mark.parametrize(
    ("stage", "ranks", "parameters", "gradients", "optimizer"),
    [
        (0, 4, 13_516_808_192, 39_976_960, 239_861_760),
        (2, 1, 13_516_808_192, 39_976_960, 239_861_760),
        (2, 4, 13_516_808_192, 9_994_240, 59_965_440),
        (2, 8, 13_516_808_192, 4_997_120, 29_982_720),
        # The base is sharded; norms and adapter, small each, are whole on every rank.
        (3, 4, 3_379_202_048 + 40_509_440, 9_994_240, 59_965_440),
        (3, 8, 1_689_601_024 + 40_509_440, 4_997_120, 29_982_720),
    ],
)
def test_an_adapter_of_rank_8_on_llama_2_7b(stage, ranks, parameters, gradients, optimizer):
    found = moments(ADAPTED, Sharding(stage, ranks))["reducing"]
    assert (found.parameters, found.gradients, found.optimizer) == (
        parameters,
        gradients,
        optimizer,
    )


@pytest.mark.parametrize(
    ("sharding", "anchors"),
    [
        (Sharding(0, 1), 4 * TOTAL),
        (Sharding(0, 1, mixed=False), 2 * TOTAL),
        (Sharding(2, 4), TOTAL),
        (Sharding(3, 4), TOTAL),
        (Sharding(3, 4, offload_optimizer=True), 0),
    ],
)
def test_what_is_kept_of_the_start_is_a_whole_model_and_a_part_of_what_is_stepped(
    sharding, anchors
):
    kept = moments(WHOLE, sharding, start=Start(model=True, anchors=True))
    for name, plain in moments(WHOLE, sharding).items():
        is_there = name != "loading"
        assert kept[name].parameters - plain.parameters == is_there * 2 * TOTAL
        assert kept[name].optimizer - plain.optimizer == is_there * anchors
        assert kept[name].buffers == plain.buffers


def test_float32_needs_no_master_copy_without_zero():
    whole = Weights(100, 100, 100, 100, loaded_bytes=4, entry_bytes=4)
    assert moments(whole, Sharding(0, 1, mixed=False))["reducing"].optimizer == 800
    assert moments(whole, Sharding(1, 1, mixed=False))["reducing"].optimizer == 1200


def test_sgd_keeps_one_moment() -> None:
    whole = Weights(100, 100, 100, 100, loaded_bytes=4, entry_bytes=4)
    assert moments(whole, Sharding(0, 1, mixed=False, moments=1))["reducing"].optimizer == 400
    assert moments(whole, Sharding(2, 1, moments=1))["reducing"].optimizer == 800


def test_a_float32_engine_leaves_bfloat16_weights_without_zero_as_they_are():
    whole = Weights(100, 100, 100, 100, loaded_bytes=2, entry_bytes=2)
    found = moments(whole, Sharding(0, 1, mixed=False))["step"]
    assert (found.optimizer, found.gradients) == (400, 200)


def test_every_rank_loads_the_whole_model_at_every_stage():
    loaded = Weights(100, 10, 10, 0, loaded_bytes=4, entry_bytes=2)
    assert moments(loaded, Sharding(3, 8))["loading"].total == 400


def test_offloading_leaves_the_gpu_the_weights_and_the_bucket():
    sharding = Sharding(2, 4, offload_optimizer=True)
    found = moments(WHOLE, sharding)
    assert {moment.optimizer + moment.gradients for moment in found.values()} == {0}
    assert found["step"].total == 2 * TOTAL
    both = Sharding(3, 4, offload_optimizer=True, offload_parameters=True)
    assert moments(WHOLE, both)["step"].parameters == 2 * 65 * 4096


def test_offloading_moves_nothing_from_a_cpus_memory():
    for stage in (1, 2, 3):
        plain = Sharding(stage, 2, on_gpu=False)
        offloading = Sharding(stage, 2, on_gpu=False, offload_optimizer=True)
        assert moments(WHOLE, plain) == moments(WHOLE, offloading)


def test_a_gpu_has_the_whole_bucket_and_a_cpu_what_is_written_of_it():
    on_gpu = moments(ADAPTED, Sharding(2, 2))["reducing"].buffers
    on_cpu = moments(ADAPTED, Sharding(2, 2, on_gpu=False))["reducing"].buffers
    assert (on_gpu, on_cpu) == (2 * BUCKET, 2 * LORA)


@pytest.mark.parametrize("stage", [1, 2])
def test_a_rank_alone_has_no_bucket_unless_something_is_offloaded(stage):
    assert moments(ADAPTED, Sharding(stage, 1))["reducing"].buffers == 0
    offloading = Sharding(stage, 1, offload_optimizer=True)
    assert moments(ADAPTED, offloading)["reducing"].buffers == 2 * BUCKET
    assert moments(ADAPTED, Sharding(3, 1))["reducing"].buffers == 2 * BUCKET


def test_activations_count_in_the_passes_that_have_them():
    found = moments(ADAPTED, Sharding(2, 1), training_bytes=7, evaluation_bytes=5)
    held = {name: moment.activations for name, moment in found.items()}
    assert held == {"loading": 0, "backward": 7, "reducing": 0, "step": 0, "evaluation": 5}


def test_gradients_of_an_accumulation_meet_the_next_activations():
    once = moments(WHOLE, Sharding(1, 4))["backward"].gradients
    again = moments(WHOLE, Sharding(1, 4, accumulates=True))["backward"].gradients
    sharded = moments(WHOLE, Sharding(2, 4, accumulates=True))["backward"].gradients
    assert (once, again, sharded) == (0, 2 * TOTAL, 2 * TOTAL // 4)


@pytest.fixture(scope="module")
def alone(on_ranks):
    return on_ranks(STUDY, 1)[0]


def estimate(case, world):
    weights, whole = case["weights"], not case["adapted"]
    mode = Mode(weights.entry_bytes, checkpointing=case["checkpointing"], whole=whole)
    sharding = Sharding(
        case["stage"],
        world,
        mixed=case["dtype"] == "bf16",
        accumulates=case["accumulation"] > 1,
        on_gpu=False,
    )
    passes = [Pass(2, 2 * 2 * 128, 2 * 128)]
    sizes = {"training_bytes": training_bytes(case["decoder"], mode, passes, length=128)}
    return moments(weights, sharding, **sizes)


def without_bucket(moment, case, world):
    """The study leaves the buffer for gradients out, which stage 3 has here, and 1 and 2 of two
    ranks.
    """
    for_others = case["stage"] > 0 and world > 1 and moment.moment != "step"
    has = case["stage"] == 3 or for_others
    return moment.total - has * case["weights"].trained * case["weights"].entry_bytes


def ratios(case, world):
    """Returns what is said to what was measured, for the backward pass and for the step."""
    said = estimate(case, world)
    both = max(without_bucket(said[name], case, world) for name in ("backward", "reducing"))
    return {
        "backward": both / case["peaks"]["backward"],
        "step": without_bucket(said["step"], case, world) / case["peaks"]["step"],
    }


def states_are_exact(case, world):
    said = estimate(case, world)["step"]
    has_master = case["stage"] > 0 or case["dtype"] == "bf16"
    optimizer = case["moments"] * (1.5 if has_master else 1.0)
    assert said.parameters == pytest.approx(case["parameters"], rel=1e-3), case
    assert said.optimizer == pytest.approx(optimizer, rel=1e-3), case


@pytest.mark.dist
@pytest.mark.slow
def test_a_rank_alone_holds_what_is_said(alone):
    assert {case["stage"] for case in alone["engines"]} == {0, 1, 2, 3}
    for case in alone["engines"]:
        states_are_exact(case, 1)
        assert all(0.97 < ratio < 1.08 for ratio in ratios(case, 1).values()), (
            case,
            ratios(case, 1),
        )


@pytest.mark.dist
@pytest.mark.slow
def test_each_of_two_ranks_holds_its_part(two_ranks):
    """The peaks but roughly: some frees go unseen there, mostly on one rank only. At stage 3 not
    all parameters are gathered at once, as is said.
    """
    first, second = (found["engines"] for found in two_ranks)
    assert {case["stage"] for case in first} == {1, 2, 3}
    for one, other in zip(first, second, strict=True):
        states_are_exact(one, 2)
        for name in ("backward", "step"):
            found = [ratios(case, 2)[name] for case in (one, other)]
            assert any(0.75 < ratio < 1.25 for ratio in found), (name, one)


@pytest.mark.dist
@pytest.mark.slow
def test_every_method_takes_what_is_said_within_15_percent(alone):
    """Rows are questions and answers, and logits are most of what there is.

    More is said of four: an entropy has its logits while the layers of its own pass alone are kept,
    npo_clear_repo's ratio has five copies of them where a divergence has up to eight, and a
    divergence of nothing else, without a temperature, has six.
    """
    said_more = {"gd_entropy_clear_repo": 1.25, "npo_clear_repo": 1.5}
    said_more |= dict.fromkeys(("gd_kl_clear_repo", "llmu_clear_repo"), 1.35)
    assert {name for name, _ in alone["methods"]} == set(plugins.names(PACKAGE))
    size = DecoderSize(ADAPTED, alone["decoder"], Mode(4))
    for (name, term), (asked, peak) in alone["methods"].items():
        said = size.training_bytes(asked, num_rows=2, length=128, num_labels=48)
        assert 0.85 < said / peak < said_more.get(name, 1.15), (name, term, said / peak)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "adapted"])
def test_a_gpus_peak_is_what_is_said(whole, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it
    config = LlamaConfig(
        hidden_size=1024,
        intermediate_size=2816,
        num_hidden_layers=8,
        num_attention_heads=8,
        vocab_size=8192,
    )
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    model = LlamaForCausalLM(config).to(torch.bfloat16)
    model = model if whole else add_adapter(model, AdapterSettings(), seed=0)
    size = weights_of(model, bf16=True), decoder_of(model)
    engine = Engine.start(
        model.to("cuda:0").train(),
        settings=EngineSettings(zero_stage=2, dtype="bf16"),
        training=TrainingSettings(batch_size=8, micro_batch_size=8),
        world=1,
        groups=parameter_groups(model, l1=0.0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.0),
    )
    ids = torch.randint(8192, (8, 512), device="cuda:0")
    batch = single(tuple("abcdefgh"), model_inputs(ids, torch.ones_like(ids), ids))
    for _ in range(2):
        engine.backward(mean_nll(StudentView(engine.module, ARGUMENTS).answer_logits(batch), batch))
        engine.step(1e-3)
    measured = torch.cuda.max_memory_allocated() - before
    engine.close()
    mode = Mode(2, whole=whole)
    weights, decoder = size
    passes = [Pass(8, 3 * 8 * 512, 8 * 512)]
    sizes = {"training_bytes": training_bytes(decoder, mode, passes, length=512)}
    said = max(moment.total for moment in moments(weights, Sharding(2, 1), **sizes).values())
    assert 0.85 < said / measured < 1.15
