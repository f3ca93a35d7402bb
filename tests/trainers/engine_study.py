"""What `test_engine` judges, measured on each rank of a process group.

A tiny Llama with odd sizes, so that parameters do not split evenly, takes a few steps on four
rows of equal length.
"""

import gc
import os
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from peft import PeftModel
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from trainers.adapters import adapter_state as plain_state
from trainers.adapters import add_adapter, initial_state, parameter_groups, save_adapter
from trainers.engine import Engine
from trainers.job import TrialFailure
from trainers.optimizer import L1AdamW
from trainers.settings import AdapterSettings, EngineSettings, L1Mode, TrainingSettings

SEED, LR, DECAY, ROWS = 3, 1e-2, 0.01, 4
L1 = {L1Mode.PROXIMAL: 0.9, L1Mode.SUBGRADIENT: 0.05}
ADAPTER = AdapterSettings(rank=3, target_modules=("q_proj", "down_proj"))
IDS = torch.randint(31, (ROWS, 8), generator=torch.Generator().manual_seed(0))
STAGES = (0, 1, 2, 3)
OFFLOADING = {
    "1 optimizer": {"zero_stage": 1, "offload_optimizer": True},
    "2 optimizer": {"zero_stage": 2, "offload_optimizer": True},
    "3 both": {"zero_stage": 3, "offload_optimizer": True, "offload_parameters": True},
}
CONTINUED = {
    **{f"ZeRO-{stage}": {"zero_stage": stage} for stage in STAGES},
    **{f"ZeRO-{stage} bf16": {"zero_stage": stage, "dtype": "bf16"} for stage in (0, 2, 3)},
    "2 optimizer": OFFLOADING["2 optimizer"],
    "3 both": OFFLOADING["3 both"],
}

State = dict[str, Tensor]
Trial = tuple[list[float], State]


def study(rank: int, world: int, folder: Path) -> dict:
    halves = list(micro_batches(rank, world, 2))
    whole = list(micro_batches(rank, world, 1))
    found: dict = {"modes": {}, "repeats": {}, "states": {}, "offloading": {}}
    for stage in STAGES:
        found["modes"][stage] = _modes(whole, world, stage)
        name = f"ZeRO-{stage}"
        found["states"][stage], found["repeats"][name] = _repeats(halves, world, zero_stage=stage)
        _, found["repeats"][f"{name} bf16"] = _repeats(
            halves, world, zero_stage=stage, dtype="bf16"
        )
    for name, settings in OFFLOADING.items():
        found["offloading"][name], found["repeats"][name] = _repeats(halves, world, **settings)
    found["whole batch"] = _whole_batch(whole, world)
    found["by hand"] = {mode.value: _by_hand(mode, steps=10) for mode in L1Mode}
    found["files"] = _files(halves, world, folder, rank)
    found["continues"] = {
        name: _continues(halves, world, **settings) for name, settings in CONTINUED.items()
    }
    found["crosses"] = _crosses(halves, world)
    found["failures"] = {stage: _failure(halves, world, stage) for stage in STAGES}
    found["growth_bytes"] = {stage: _growth(halves, world, stage) for stage in (2, 3)}
    found["freed"] = {stage: _freed(halves, world, stage) for stage in STAGES}
    return found


def tiny(dtype: str = "fp32") -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = {"hidden_size": 18, "intermediate_size": 21, "num_attention_heads": 3}
    config = LlamaConfig(vocab_size=31, num_hidden_layers=1, tie_word_embeddings=True, **shape)
    return LlamaForCausalLM(config).to(torch.bfloat16 if dtype == "bf16" else torch.float32).eval()


def adapted(dtype: str = "fp32") -> PeftModel:
    return add_adapter(tiny(dtype), ADAPTER, seed=SEED)


def start(
    model: torch.nn.Module,
    *,
    world: int,
    parts: int = 1,
    l1: float = L1[L1Mode.PROXIMAL],
    **settings,
) -> Engine:
    """An engine whose batch of ROWS is split over `world` ranks and `parts` accumulations."""
    training = TrainingSettings(batch_size=ROWS, micro_batch_size=ROWS // (world * parts))
    groups = parameter_groups(model, l1=l1, l1_mode=L1Mode.PROXIMAL, weight_decay=DECAY)
    return Engine.start(
        model, settings=EngineSettings(**settings), training=training, world=world, groups=groups
    )


def reset(engine: Engine, mode: L1Mode = L1Mode.PROXIMAL, *, l1: float | None = None) -> None:
    initial = initial_state(engine.module, SEED)
    engine.reset(initial, l1=L1[mode] if l1 is None else l1, l1_mode=mode, weight_decay=DECAY)


def micro_batches(rank: int, world: int, parts: int) -> Iterator[Tensor]:
    yield from IDS.chunk(world * parts)[rank::world]


def loss_of(model: torch.nn.Module, ids: Tensor) -> Tensor:
    return model(input_ids=ids, labels=ids).loss


def penalised(model: torch.nn.Module, ids: Tensor) -> Tensor:
    norm = sum(value.abs().sum() for value in model.parameters() if value.requires_grad)
    return loss_of(model, ids) + L1[L1Mode.SUBGRADIENT] * norm


def trial(
    engine: Engine,
    batches: list[Tensor],
    *,
    steps: int = 3,
    loss: Callable[[torch.nn.Module, Tensor], Tensor] = loss_of,
) -> Trial:
    """Trains, looking at the reference model (adapter off) between, as a method does."""
    losses = []
    for _ in range(steps):
        for ids in batches:
            if isinstance(engine.module, PeftModel):
                with torch.no_grad(), engine.module.disable_adapter():
                    engine.module(input_ids=ids)
            value = loss(engine.module, ids)
            losses.append(value.item())
            engine.backward(value)
            engine.step(LR)
    return losses, engine.trainable_state()


def abort(engine: Engine, batches: list[Tensor], where: str) -> None:
    """Leaves a trial in the middle of an accumulation of two."""
    value = loss_of(engine.module, batches[0])
    if where == "before backward":
        return
    engine.backward(value)
    if where == "before step":
        return
    engine.step(LR)
    if where == "between micro-batches":
        return
    engine.backward(loss_of(engine.module, batches[1]))


ABORTS = ("before backward", "before step", "between micro-batches", "before the last step")


def _modes(batches: list[Tensor], world: int, stage: int) -> dict[str, State]:
    engine = start(adapted(), world=world, zero_stage=stage, gradient_clipping=0)
    states = {"proximal": trial(engine, batches, steps=10)[1]}
    reset(engine, L1Mode.SUBGRADIENT)
    states["subgradient"] = trial(engine, batches, steps=10)[1]
    if stage < 3:
        reset(engine, L1Mode.SUBGRADIENT, l1=0.0)
        states["in the loss"] = trial(engine, batches, steps=10, loss=penalised)[1]
    engine.close()
    return states


def _repeats(batches: list[Tensor], world: int, **settings) -> tuple[State, dict[str, bool]]:
    engine = start(adapted(settings.get("dtype", "fp32")), world=world, parts=2, **settings)
    fresh = trial(engine, batches)
    repeats = {}
    for where in ("after a whole trial", *ABORTS):
        if where in ABORTS:
            abort(engine, batches, where)
        reset(engine)
        repeats[where] = same(trial(engine, batches), fresh)
    engine.close()
    return fresh[1], repeats


def _whole_batch(batches: list[Tensor], world: int) -> State:
    engine = start(adapted(), world=world)
    state = trial(engine, batches)[1]
    engine.close()
    return state


def _by_hand(mode: L1Mode, *, steps: int) -> State:
    """What plain torch makes of the whole batch in one process, without DeepSpeed."""
    model = adapted()
    groups = parameter_groups(model, l1=L1[mode], l1_mode=mode, weight_decay=DECAY)
    optimizer = L1AdamW(groups, lr=LR)
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(model, IDS).backward()
        optimizer.step()
    return plain_state(model)


def _files(batches: list[Tensor], world: int, folder: Path, rank: int) -> dict[str, Tensor]:
    logits = {"untrained": tiny()(input_ids=IDS).logits.detach()}
    engine = start(adapted(), world=world, parts=2, l1=0.0, zero_stage=3)
    _, state = trial(engine, batches)
    if rank == 0:
        save_adapter(state, engine.module.peft_config["default"], folder / "adapter")
    logits["adapter"] = engine.module.eval()(input_ids=IDS).logits.detach()
    engine.close()
    for stage in STAGES:
        engine = start(tiny(), world=world, parts=2, l1=0.0, zero_stage=stage)
        trial(engine, batches)
        whole = engine.whole_state()
        if rank == 0:
            engine.module.save_pretrained(folder / f"model{stage}", state_dict=whole)
        torch.distributed.barrier()
        logits[f"model{stage}"] = engine.module.eval()(input_ids=IDS).logits.detach()
        engine.close()
    torch.distributed.barrier()
    loaded = PeftModel.from_pretrained(tiny(), str(folder / "adapter")).eval()
    logits["adapter loaded"] = loaded(input_ids=IDS).logits.detach()
    for stage in STAGES:
        again = LlamaForCausalLM.from_pretrained(folder / f"model{stage}").eval()
        logits[f"model{stage} loaded"] = again(input_ids=IDS).logits.detach()
    return logits


def _continues(batches: list[Tensor], world: int, **settings) -> dict[str, bool]:
    """Whether four steps are two and two, by the engine that took the first or by a new one."""
    dtype = settings.get("dtype", "fp32")
    engine = start(adapted(dtype), world=world, parts=2, **settings)
    trial(engine, batches, steps=2)
    halfway = dict(engine.state())
    losses, state = trial(engine, batches, steps=2)
    abort(engine, batches, "between micro-batches")
    reset(engine)
    engine.load(halfway)
    continues = {"same engine": same(trial(engine, batches, steps=2), (losses, state))}
    engine.close()
    engine = start(adapted(dtype), world=world, parts=2, **settings)
    engine.load(halfway)
    continues["saved alike"] = all(torch.equal(v, halfway[k]) for k, v in engine.state())
    continues["new engine"] = same(trial(engine, batches, steps=2), (losses, state))
    engine.close()
    return continues


def _crosses(batches: list[Tensor], world: int) -> dict[str, tuple[State, State]]:
    """Weights after four steps of one stage, and after two of it and two of another."""
    found = {}
    for before, after in ((0, 2), (2, 3), (3, 1)):
        engine = start(adapted(), world=world, parts=2, zero_stage=before)
        trial(engine, batches, steps=2)
        halfway = dict(engine.state())
        _, whole = trial(engine, batches, steps=2)
        engine.close()
        engine = start(adapted(), world=world, parts=2, zero_stage=after)
        engine.load(halfway)
        found[f"{before} to {after}"] = whole, trial(engine, batches, steps=2)[1]
        engine.close()
    return found


def _failure(batches: list[Tensor], world: int, stage: int) -> tuple[bool, bool]:
    """Whether an infinite gradient was told, and whether a reset healed the engine."""
    engine = start(adapted(), world=world, parts=2, zero_stage=stage)
    fresh = trial(engine, batches)
    told = False
    try:
        trial(engine, batches, loss=lambda model, ids: loss_of(model, ids) * torch.inf)
    except TrialFailure:
        told = True
    reset(engine)
    healed = same(trial(engine, batches), fresh)
    engine.close()
    return told, healed


def _growth(batches: list[Tensor], world: int, stage: int) -> int:
    """By how many bytes twenty resets and trials made the process grow, five before aside."""
    engine = start(adapted(), world=world, parts=2, zero_stage=stage)
    sizes = []
    for resets in (5, 20):
        for _ in range(resets):
            reset(engine)
            trial(engine, batches, steps=1)
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        sizes.append(pages * os.sysconf("SC_PAGE_SIZE"))
    engine.close()
    return sizes[1] - sizes[0]


def _freed(batches: list[Tensor], world: int, stage: int) -> bool:
    engine = start(adapted(), world=world, parts=2, zero_stage=stage)
    trial(engine, batches, steps=1)
    watched = weakref.ref(engine.module)
    engine.close()
    del engine
    gc.collect()
    return watched() is None


def same(one: Trial, other: Trial) -> bool:
    return one[0] == other[0] and all(torch.equal(one[1][name], other[1][name]) for name in one[1])
