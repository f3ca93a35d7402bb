"""What `test_ranks` judges: the losses of every method, measured on each rank of a process group.

One engine serves all methods of a ZeRO stage, those that run the model whole and those that do not.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from evals import plugins
from evals.choice import choose
from evals.collated import IGNORE
from evals.text.encoding import model_inputs
from trainers.adapters import add_adapter, initial_state, parameter_groups
from trainers.batch import Batch, single, with_norms
from trainers.decoder_call import ARGUMENTS
from trainers.distributed import Place, mean_over_ranks
from trainers.engine import Engine
from trainers.method import PACKAGE, Step, build_method
from trainers.requirements import Source
from trainers.settings import AdapterSettings, EngineSettings, L1Mode, TrainingSettings
from trainers.views import ReferenceView, StudentView

ROWS, STEPS, LR = 4, 3, 1e-3
ADAPTER = AdapterSettings(rank=2, target_modules=("q_proj", "down_proj"))
STAGES = {1: (0,), 2: (0, 1, 2, 3)}
"""ZeRO stages that are tried with so many ranks."""
NUM_LAYERS = 3


def of_plugin(name: str) -> dict[str, Any]:
    """The settings of a method: its own, but for a layer that the model here does not have."""
    layer = build_method(choose(PACKAGE, {"name": name}, key="method")).requirements.hidden_layer
    return {"name": name} if layer is None or layer < NUM_LAYERS else {"name": name, "layer": 1}


CASES = {name: of_plugin(name) for name in plugins.names(PACKAGE)} | {
    "npo with nll": {"name": "npo", "retain_term": "nll"},
    "dpo with kl": {"name": "dpo", "retain_term": "kl"},
}


def tiny() -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 20, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=31, num_hidden_layers=NUM_LAYERS, **shape))


def parts_of(source: Source, num_rows: int, world: int) -> list[Batch]:
    """The rows of `source`, of unequal lengths, cut into one part a rank."""
    generator = torch.Generator().manual_seed(list(Source).index(source))
    rows = []
    for row in range(num_rows):
        length = 4 + row % 4
        ids = torch.zeros(1, 8, dtype=torch.long)
        ids[0, :length] = torch.randint(1, 31, (length,), generator=generator)
        mask = (torch.arange(8) < length).long()[None]
        labels = torch.where((mask == 1) & (torch.arange(8) >= 2), ids, IGNORE)
        rows.append((f"{source.value}-{row}", ids, mask, labels))
    size = num_rows // world
    parts = []
    for start in range(0, num_rows, size):
        names, *columns = zip(*rows[start : start + size], strict=True)
        parts.append(single(names, model_inputs(*(torch.cat(column) for column in columns))))
    return [with_norms(part, parts) for part in parts]


def train(
    engine: Engine, raw: dict[str, Any], rank: int, world: int
) -> tuple[list[float], dict[str, torch.Tensor]]:
    """Returns the loss of each step over all ranks, and how far each weight moved."""
    initial = initial_state(engine.module, 3)
    for name, value in initial.items():
        if ".lora_B." in name:  # away from the reference, where some gradients are zero
            value.copy_(torch.randn(value.shape, generator=torch.Generator().manual_seed(4)) / 4)
    engine.reset(initial, l1=0.0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.0)
    method = build_method(choose(PACKAGE, raw, key="method"))
    num_random = method.requirements.num_random
    batches = {
        source: parts_of(source, ROWS * (num_random if source == Source.RANDOM else 1), world)[rank]
        for source in Source
    }
    place = Place(rank, world)
    cache: dict[str, float] = {}
    reference = ReferenceView(engine.module, ARGUMENTS, cache=cache, place=place)
    if rank == 0:  # one rank knows what the other does not
        alone = ReferenceView(reference_of(), cache=cache)
        for source in (Source.FORGET, Source.IDK):
            alone.sequence_nll(batches[source])
    losses = []
    for index in range(STEPS):
        student = StudentView(engine.module, ARGUMENTS)
        step = Step(batches, student, reference, index, STEPS, 0, seed=7)
        loss = method.loss(step)
        engine.backward(loss)
        engine.step(LR)
        losses.append(mean_over_ranks(loss, place))
    moved = engine.trainable_state()
    return losses, {name: value - initial[name] for name, value in moved.items()}


def reference_of() -> torch.nn.Module:
    return add_adapter(tiny(), ADAPTER, seed=3)


def study(
    rank: int, world: int, folder: Path
) -> dict[int, dict[str, tuple[list[float], dict[str, torch.Tensor]]]]:
    found = {}
    for stage in STAGES[world]:
        model = add_adapter(tiny(), ADAPTER, seed=3)
        groups = parameter_groups(model, l1=0.0, l1_mode=L1Mode.PROXIMAL, weight_decay=0.0)
        engine = Engine.start(
            model,
            settings=EngineSettings(zero_stage=stage),
            training=TrainingSettings(batch_size=ROWS, micro_batch_size=ROWS // world),
            world=world,
            groups=groups,
        )
        found[stage] = {name: train(engine, raw, rank, world) for name, raw in CASES.items()}
        engine.close()
    return found
