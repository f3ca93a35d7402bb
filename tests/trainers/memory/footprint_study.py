"""What `test_footprint` judges: the bytes that torch's allocator gave a rank, moment by moment.

torch counts no peak on a CPU, but its profiler sees every allocation. Engines of a small Llama
take two steps, one engine after another; the buffer for gradients, far larger than all the rest,
is left out. On one rank alone the methods' losses are measured too, and an evaluation.
"""

import gc
import time
from bisect import bisect
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.profiler import profile
from transformers import LlamaConfig, LlamaForCausalLM

from evals import plugins
from evals.choice import choose
from evals.collated import IGNORE
from evals.text.encoding import model_inputs
from tests.fixtures.allocations import allocated
from trainers import losses
from trainers.adapters import add_adapter, parameter_groups
from trainers.batch import Batch, single
from trainers.decoder_call import ARGUMENTS
from trainers.engine import Engine
from trainers.joint_pass import read_together
from trainers.memory.decoder import decoder_of
from trainers.memory.weights import weights_of
from trainers.method import PACKAGE, Method, Step, build_method
from trainers.pretrained import Running, prepare, torch_dtype
from trainers.requirements import Requirements, Source
from trainers.settings import AdapterSettings, EngineSettings, L1Mode, TrainingSettings
from trainers.views import ReferenceView, StudentView

LENGTH, MICRO_BATCH, VOCABULARY = 128, 2, 2048
WIDE_VOCABULARY, NUM_LABELS = 8192, 48
"""Of the methods' model, whose logits are most of what it has, and of their rows."""
TERMS = ("nll", "kl")
ADAPTER = AdapterSettings(rank=8)


@dataclass(frozen=True, slots=True)
class Case:
    stage: int
    dtype: str
    adapted: bool
    accumulation: int = 1
    checkpointing: bool = False


CASES = (
    *(Case(stage, "bf16", adapted=False) for stage in (0, 1, 2, 3)),
    *(Case(stage, "fp32", adapted=False) for stage in (0, 2)),
    *(Case(stage, "bf16", adapted=True) for stage in (0, 2, 3)),
    *(Case(stage, "bf16", adapted=False, accumulation=2) for stage in (1, 2)),
    Case(2, "bf16", adapted=True, checkpointing=True),
)
SHARDED = tuple(case for case in CASES[:-3] if case.stage > 0)
PLAIN = Case(0, "fp32", adapted=True)


def study(rank: int, world: int, folder: Path) -> dict[str, Any]:
    """Returns what the engines of one rank held and what methods took, or what two ranks held."""
    if world > 1:
        return {"engines": _engines(SHARDED, world)}
    wide = _model(PLAIN, hidden=128, vocabulary=WIDE_VOCABULARY)
    methods = {"methods": _methods(wide), "decoder": decoder_of(wide)}
    return {"engines": _engines(CASES, world), **methods}


def _engines(cases: tuple[Case, ...], world: int) -> list[dict[str, Any]]:
    marks: list[tuple[int, int, str]] = []
    found: list[dict[str, Any]] = []
    with profile(profile_memory=True) as profiled:
        for number, case in enumerate(cases):
            model = _model(case)
            weights = weights_of(model, bf16=case.dtype == "bf16")
            found.append({**asdict(case), "weights": weights, "decoder": decoder_of(model)})
            marks.append((time.time_ns(), number, ""))
            for moment in _moments(model, case, world, found[-1]):
                marks.append((time.time_ns(), number, moment))
            del model
            gc.collect()
            gc.freeze()  # what is left is libraries: the next collection need not look at them
    for each, peaks in zip(found, _peaks(allocated(profiled), marks, found), strict=True):
        each["peaks"] = peaks
    return found


def _model(case: Case, *, hidden: int = 256, vocabulary: int = VOCABULARY) -> nn.Module:
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=hidden,
        intermediate_size=688,
        num_hidden_layers=4,
        num_attention_heads=4,
        vocab_size=vocabulary,
    )
    running = Running(dtype=case.dtype, gradient_checkpointing=case.checkpointing)
    model: nn.Module = prepare(LlamaForCausalLM(config).to(torch_dtype(running)), running)
    return (add_adapter(model, ADAPTER, seed=0) if case.adapted else model).train()


def _moments(model: nn.Module, case: Case, world: int, found: dict[str, Any]) -> Iterator[str]:
    """Takes two steps, and yields the name of what was just done; last adds to `found`."""
    engine = _engine(model, case, world)
    yield "loading"
    batch = _batch(MICRO_BATCH)
    for _ in range(2):
        for _ in range(case.accumulation):
            loss = losses.mean_nll(
                StudentView(engine.module, ARGUMENTS).answer_logits(batch), batch
            )
            engine.backward(loss)
            yield "backward"
            engine.step(1e-3)
        yield "step"
    found |= {"parameters": _parameter_bytes(model), "moments": _moment_bytes(engine)}
    engine.close()


def _batch(num_rows: int, *, vocabulary: int = VOCABULARY, num_labels: int = LENGTH) -> Batch:
    ids = torch.randint(vocabulary, (num_rows, LENGTH))
    labels = ids.clone()
    labels[:, : LENGTH - num_labels] = IGNORE
    rows = model_inputs(ids, torch.ones_like(ids), labels)
    return single(tuple(f"r{i}" for i in range(num_rows)), rows)


def _engine(model: nn.Module, case: Case, world: int) -> Engine:
    size = MICRO_BATCH * case.accumulation * world
    return Engine.start(
        model,
        settings=EngineSettings(zero_stage=case.stage, dtype=case.dtype),
        training=TrainingSettings(batch_size=size, micro_batch_size=MICRO_BATCH),
        world=world,
        groups=parameter_groups(model, l1=0.0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.0),
    )


def _parameter_bytes(model: nn.Module) -> int:
    """Returns the bytes of this rank's slices and of what is whole."""
    tensors = [value.data for value in model.parameters()]
    tensors += [value.ds_tensor for value in model.parameters() if hasattr(value, "ds_tensor")]
    storages = {tensor.untyped_storage().data_ptr(): tensor for tensor in tensors}
    return sum(tensor.untyped_storage().nbytes() for tensor in storages.values())


def _moment_bytes(engine: Engine) -> int:
    states = engine._optimizer.state.values()
    return sum(_bytes(state[name]) for state in states for name in ("exp_avg", "exp_avg_sq"))


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _methods(model: nn.Module) -> dict[tuple[str, str], tuple[Requirements, int]]:
    """Returns what each method requires, with each of its retain terms, and its peak in bytes."""
    found = {}
    for name in plugins.names(PACKAGE):
        fields = plugins.load(PACKAGE, name, key="name").Config.model_fields
        settings = {"layer": 1} if "layer" in fields else {}
        for term in TERMS if "retain_term" in fields else ("",):
            chosen = {"name": name, **settings, **({"retain_term": term} if term else {})}
            method = build_method(choose(PACKAGE, chosen, key="method"))
            found[name, term] = method.requirements, _peak_of(method, model)
    return found


def _peak_of(method: Method, model: nn.Module) -> int:
    """Returns the most that a step's loss and its backward pass take of batches in one pass."""
    asked = method.requirements
    sizes = dict.fromkeys(asked.drawn, 1) | {Source.RANDOM: asked.num_random}
    batches = {
        source: _batch(MICRO_BATCH * size, vocabulary=WIDE_VOCABULARY, num_labels=NUM_LABELS)
        for source, size in sizes.items()
    }
    step = Step(
        batches=batches,
        student=read_together(StudentView(model, ARGUMENTS), asked, batches),
        reference=ReferenceView(model, ARGUMENTS),
        index=0,
        num_steps=10,
        epoch=0,
        seed=0,
    )
    with profile(profile_memory=True) as profiled:
        method.loss(step).backward()
    model.zero_grad()
    return max(total for _, total in allocated(profiled))


def _peaks(
    totals: list[tuple[int, int]],
    marks: list[tuple[int, int, str]],
    found: list[dict[str, Any]],
) -> list[dict[str, int]]:
    """Returns each case's highest totals by moment, the model's own bytes included."""
    peaks: list[dict[str, int]] = [{} for _ in found]
    base, done = 0, 0
    for until, number, moment in marks:
        end = bisect(totals, until, key=lambda total: total[0])
        if not moment:
            weights = found[number]["weights"]
            base = totals[end - 1][1] - weights.total * weights.loaded_bytes
        else:
            highest = max((total for _, total in totals[done:end]), default=base) - base
            peaks[number][moment] = max(peaks[number].get(moment, 0), highest)
        done = end
    return peaks
