"""The facts of an update, against the weights that were written, whatever trains and is stored."""

import math
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, MixtralConfig

from trainers.adapters import parameter_groups
from trainers.distributed import Place
from trainers.engine import Engine
from trainers.loaded_model import LoadedModel
from trainers.settings import AdapterSettings, EngineSettings, TrainingSettings
from trainers.tuning.choice import build_tuning

SMALL = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "vocab_size": 32,
}
TIED = LlamaConfig(**SMALL, tie_word_embeddings=True)
TRANSPOSED = GPT2Config(
    n_embd=16, n_layer=1, n_head=2, n_positions=16, vocab_size=32, bos_token_id=1, eos_token_id=1
)
EXPERTS = MixtralConfig(**SMALL, num_local_experts=3)
CONFIGS = {"tied": TIED, "transposed": TRANSPOSED, "experts": EXPERTS}
ADAPTER = AdapterSettings(rank=2, alpha=6)
CASES = [
    *((name, ADAPTER, 0, "fp32") for name in CONFIGS),
    *((name, None, 0, "fp32") for name in CONFIGS),
    ("experts", ADAPTER, 3, "fp32"),
    ("experts", None, 3, "fp32"),
    ("tied", None, 0, "bf16"),
    ("tied", None, 3, "bf16"),
]
TRAINING = TrainingSettings(lr=1e-3, epochs=1, batch_size=2, micro_batch_size=2, l1=0.0)


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "0")  # the engine sets it


@pytest.mark.slow
@pytest.mark.parametrize(("name", "adapter", "stage", "dtype"), CASES)
def test_facts_are_of_what_was_written(name, adapter, stage, dtype, tmp_path: Path):
    save_start(name, dtype, tmp_path / "start")
    facts = tuned(adapter, stage, dtype, tmp_path)
    if adapter is not None:
        model = PeftModel.from_pretrained(loaded(tmp_path / "start"), str(tmp_path / "adapter"))
        model.merge_and_unload().save_pretrained(tmp_path / "model")
    start, end = (weights(tmp_path / folder) for folder in ("start", "model"))
    changes = {key: end[key] - start[key] for key in start}
    touched = [key for key, change in changes.items() if adapter is None or change.any()]
    assert facts["update_norm"] == pytest.approx(norm(list(changes.values())), rel=1e-5)
    share = norm([changes[key] for key in touched]) / norm([start[key] for key in touched])
    assert facts["moved"] == float(share > 1e-4)
    if adapter is None:
        num = sum(value.numel() for value in start.values())
        kept = sum(int((change == 0).sum()) for change in changes.values())
        assert facts["sparsity"] == kept / num


def save_start(name: str, dtype: str, folder: Path) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(CONFIGS[name])
    model.to(torch.bfloat16 if dtype == "bf16" else torch.float32).save_pretrained(folder)


def tuned(
    adapter: AdapterSettings | None, stage: int, dtype: str, folder: Path
) -> dict[str, float]:
    """The facts of a short training that is saved in `folder`."""
    start = loaded(folder / "start")
    tuning = build_tuning(adapter, seed=0)
    module = tuning.applied(start)
    engine = Engine.start(
        module,
        settings=EngineSettings(zero_stage=stage, dtype=dtype),
        training=TRAINING,
        world=1,
        groups=parameter_groups(module, l1=0.0, l1_mode=TRAINING.l1_mode, weight_decay=0.0),
    )
    tuning.keep_start(engine)
    tuning.restart(engine, TRAINING)
    rows = torch.arange(2, 30).reshape(2, 14)
    for _ in range(3):
        retain, forget = (module(input_ids=r, labels=rows).loss for r in (rows, rows.flip(1)))
        engine.backward(retain - 0.5 * forget)
        engine.step(TRAINING.lr)
    saved = tuning.save(engine, LoadedModel(start, None, write), folder, Place())
    facts = finished(saved)
    engine.close()
    return facts


def write(model, processor, folder, state) -> None:
    model.save_pretrained(folder, state_dict=state)


def finished(steps) -> dict[str, float]:
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            return ended.value


def loaded(folder: Path):
    return AutoModelForCausalLM.from_pretrained(folder)


def weights(folder: Path) -> dict[str, Tensor]:
    state = load_file(folder / "model.safetensors")
    return {name: value.double() for name, value in state.items()}


def norm(tensors: list[Tensor]) -> float:
    return math.sqrt(sum(float(value.square().sum()) for value in tensors))
