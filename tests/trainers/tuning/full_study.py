"""What `test_full` judges, measured on each rank of a process group.

A tiny Llama with odd sizes and tied embeddings, so that weights do not split evenly over ranks,
takes steps on four rows of equal length with all of its weights.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from trainers.adapters import parameter_groups
from trainers.engine import Engine
from trainers.settings import EngineSettings, L1Mode, TrainingSettings
from trainers.tuning.full import FullTuning

LR, DECAY, CLIPPING, ROWS, STEPS = 1e-3, 0.1, 0.5, 4, 10
L1 = {L1Mode.PROXIMAL: 0.9, L1Mode.SUBGRADIENT: 0.02}
PENALTIES = {"none": (0.0, L1Mode.PROXIMAL)} | {mode.value: (L1[mode], mode) for mode in L1Mode}
IDS = torch.randint(31, (ROWS, 8), generator=torch.Generator().manual_seed(0))
STAGES = (0, 1, 2, 3)
ENGINES = {
    **{f"ZeRO-{stage}": {"zero_stage": stage} for stage in STAGES},
    **{f"ZeRO-{stage} bf16": {"zero_stage": stage, "dtype": "bf16"} for stage in STAGES},
    "2 offloaded": {"zero_stage": 2, "offload_optimizer": True},
    "3 offloaded": {"zero_stage": 3, "offload_optimizer": True, "offload_parameters": True},
}

State = dict[str, Tensor]
Trial = tuple[list[float], State, dict[str, float]]


def study(rank: int, world: int, folder: Path) -> dict:
    del folder
    halves = list(IDS.chunk(world * 2)[rank::world])
    found: dict = {"plain": {}, "engine": {}, "again": {}, "continued": {}}
    for name, (l1, mode) in PENALTIES.items():
        found["plain"][name] = plain(l1, mode)
    for name, settings in ENGINES.items():
        engine = start(world, **settings)
        trials = {name: trial(engine, halves, *PENALTIES[name]) for name in PENALTIES}
        found["engine"][name] = trials
        found["again"][name] = repeats(engine, halves, trials)
        engine.close()
        found["continued"][name] = continues(halves, world, **settings)
    return found


def tiny() -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = {"hidden_size": 18, "intermediate_size": 21, "num_attention_heads": 3}
    config = LlamaConfig(vocab_size=31, num_hidden_layers=1, tie_word_embeddings=True, **shape)
    return LlamaForCausalLM(config).eval()


def start(world: int, **settings) -> Engine:
    """An engine whose batch is split over ranks and two accumulations; its start is kept."""
    model = tiny()
    engine = Engine.start(
        model,
        settings=EngineSettings(gradient_clipping=CLIPPING, **settings),
        training=TrainingSettings(batch_size=ROWS, micro_batch_size=ROWS // (world * 2)),
        world=world,
        groups=parameter_groups(model, l1=0.0, l1_mode=L1Mode.PROXIMAL, weight_decay=DECAY),
    )
    FullTuning().keep_start(engine)
    return engine


def restart(engine: Engine, l1: float, mode: L1Mode) -> None:
    training = TrainingSettings(lr=LR, l1=l1, l1_mode=mode, weight_decay=DECAY)
    FullTuning().restart(engine, training)


def loss_of(model: torch.nn.Module, ids: Tensor) -> Tensor:
    return model(input_ids=ids, labels=ids).loss


def steps(engine: Engine, batches: list[Tensor], count: int) -> Iterator[float]:
    for _ in range(count):
        for ids in batches:
            value = loss_of(engine.module, ids)
            yield value.item()
            engine.backward(value)
            engine.step(LR)


def trial(engine: Engine, batches: list[Tensor], l1: float, mode: L1Mode) -> Trial:
    """Losses, weights and facts of a trial from the start."""
    restart(engine, l1, mode)
    losses = list(steps(engine, batches, STEPS))
    return losses, engine.trainable_state(), facts(engine)


def facts(engine: Engine) -> dict[str, float]:
    change = engine.change()
    return {name: getattr(change, name) for name in change.__dataclass_fields__}


def plain(l1: float, mode: L1Mode) -> Trial:
    """The same in one process with torch alone; L1 by its formulas."""
    model = tiny()
    weights = dict(model.named_parameters())
    first = {name: value.detach().clone() for name, value in weights.items()}
    optimizer = torch.optim.AdamW(weights.values(), lr=LR, weight_decay=DECAY)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(model, IDS)
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights.values(), CLIPPING)
        with torch.no_grad():
            if mode == L1Mode.SUBGRADIENT:
                for name, value in weights.items():
                    value.grad += l1 * (value - first[name]).sign()
            optimizer.step()
            if mode == L1Mode.PROXIMAL and l1 > 0:
                for name, value in weights.items():
                    shrunk = torch.nn.functional.softshrink(value - first[name], LR * l1)
                    value.copy_(first[name] + shrunk)
    state = {name: value.detach() for name, value in weights.items()}
    offsets = torch.cat([(state[name] - first[name]).flatten().double() for name in state])
    starts = torch.cat([value.flatten().double() for value in first.values()])
    return (
        losses,
        state,
        {
            "num": offsets.numel(),
            "num_kept": int((offsets == 0).sum()),
            "num_zero": sum(int((value == 0).sum()) for value in state.values()),
            "l1_norm": float(offsets.abs().sum()),
            "norm": float(offsets.norm()),
            "start_norm": float(starts.norm()),
        },
    )


def repeats(engine: Engine, batches: list[Tensor], trials: dict[str, Trial]) -> dict[str, bool]:
    """Whether each trial comes out as before, after another one and after one that was cut."""
    found = {}
    for cut, (name, before) in enumerate(trials.items()):
        value = loss_of(engine.module, batches[0])
        if cut > 0:
            engine.backward(value)
        if cut > 1:
            engine.step(LR)
        found[name] = same(trial(engine, batches, *PENALTIES[name]), before)
    with torch.no_grad():
        restart(engine, 0.0, L1Mode.PROXIMAL)
        first = loss_of(engine.module, batches[0])
    found["the start"] = first.item() == trials["none"][0][0]
    return found


def continues(batches: list[Tensor], world: int, **settings) -> bool:
    """Whether a new engine goes on from half a trial with L1 as the first one does."""
    penalty = PENALTIES["proximal"]
    engine = start(world, **settings)
    restart(engine, *penalty)
    list(steps(engine, batches, STEPS // 2))
    halfway = dict(engine.state())
    whole = list(steps(engine, batches, STEPS // 2)), engine.trainable_state(), facts(engine)
    engine.close()
    engine = start(world, **settings)
    restart(engine, *penalty)
    engine.load(halfway)
    second = list(steps(engine, batches, STEPS // 2)), engine.trainable_state(), facts(engine)
    engine.close()
    return same(whole, second)


def same(one: Trial, other: Trial) -> bool:
    weights = all(torch.equal(one[1][name], other[1][name]) for name in one[1])
    return weights and (one[0], one[2]) == (other[0], other[2])
