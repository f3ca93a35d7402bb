"""K trials packed over one frozen forward pass against the same K in turn; see README.md.

In turn is what a gang does: one adapter of peft's, Lethe's optimizer and its methods' own losses.
Packed, every slot holds a trial: a pass takes the rows of all of them, each under its own adapter,
and a trial that ends, early perhaps, makes room for the next. The weights that come of both are
compared.
"""

import argparse
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from machine import setting, table
from packed_adapters import PackedAdamW, PackedModel
from packed_case import (
    DTYPES,
    PROPORTIONS,
    Bench,
    Known,
    State,
    Trial,
    known_of,
    llama,
    rows_of,
    starts_of,
    trials_of,
)
from torch import Tensor, nn
from transformers import PreTrainedModel

from evals.collated import Collated
from trainers.adapters import add_adapter, load_state, parameter_groups, trainable
from trainers.batch import Batch, single
from trainers.decoder_call import ARGUMENTS
from trainers.memory.measured import forget_peak, peak_bytes
from trainers.optimizer import L1AdamW
from trainers.requirements import Source
from trainers.settings import AdapterSettings, L1Mode
from trainers.views import StudentView

MIB = 2**20
CLIPPING = 1.0


def in_turn(model: PreTrainedModel, trials: Sequence[Trial], bench: Bench) -> dict[int, State]:
    """Returns what every trial has learned, one after the other, on the model with one adapter."""
    adapted = add_adapter(model, AdapterSettings(), seed=0).train()
    values = [value for _, value in trainable(adapted)]
    view, found = StudentView(adapted, ARGUMENTS), {}
    for trial in trials:
        load_state(adapted, bench.starts[trial.number])
        recipe = trial.recipe
        groups = parameter_groups(
            adapted, l1=recipe.l1, l1_mode=L1Mode.PROXIMAL, weight_decay=recipe.weight_decay
        )
        optimizer = L1AdamW(groups, lr=recipe.lr)
        for index in range(trial.num_steps):
            step = bench.step(trial, index, bench.rows.draw(trial, index), view)
            trial.method.loss(step).backward()
            nn.utils.clip_grad_norm_(values, CLIPPING)
            optimizer.step()
            optimizer.zero_grad()
        learned = ((name, value.detach().cpu().clone()) for name, value in trainable(adapted))
        found[trial.number] = dict(learned)
    return found


class Pack:
    """Slots that trials pass through, as many at a time as there are slots."""

    def __init__(self, model: PreTrainedModel, bench: Bench, *, num_slots: int) -> None:
        self._packed = PackedModel(model, AdapterSettings(), num_slots=num_slots)
        self._optimizer = PackedAdamW(self._packed.factors, num_slots, CLIPPING)
        self._bench = bench
        self._view = StudentView(model.train(), ARGUMENTS)
        self._held: dict[int, tuple[Trial, int]] = {}
        self._num_slots = num_slots

    def run(self, trials: Sequence[Trial]) -> dict[int, State]:
        """Returns what every trial has learned; one that ends makes room for the next."""
        waiting, found = deque(trials), dict[int, State]()
        while waiting or self._held:
            for slot in range(self._num_slots):
                if slot not in self._held and waiting:
                    self._begin(slot, waiting.popleft())
            self._step()
            for slot, (trial, index) in list(self._held.items()):
                if index == trial.num_steps:
                    found[trial.number] = self._packed.read(slot)
                    del self._held[slot]
        return found

    def _begin(self, slot: int, trial: Trial) -> None:
        self._packed.write(slot, self._bench.starts[trial.number])
        self._optimizer.begin(slot, trial.recipe)
        self._held[slot] = trial, 0

    def _step(self) -> None:
        """Takes one step of every trial: passes for all rows of a source, a loss for each slot."""
        slots = sorted(self._held)
        drawn = {slot: self._bench.rows.draw(*self._held[slot]) for slot in slots}
        logits = self._logits([drawn[slot] for slot in slots])
        total = torch.zeros(())
        for slot in slots:
            trial, index = self._held[slot]
            loss = trial.method.loss(self._bench.step(trial, index, drawn[slot], Known(logits)))
            total = total.to(loss) + loss  # no slot's weights are in another's loss
            self._held[slot] = trial, index + 1
        total.backward()
        self._optimizer.step(slots)

    def _logits(self, drawn: Sequence[Mapping[Source, Batch]]) -> dict[int, Tensor]:
        found: dict[int, Tensor] = {}
        self._packed.use(torch.tensor(sorted(self._held), device=self._packed.device))
        for source in self._bench.rows.ids_NT:
            batches = [each[source] for each in drawn]
            parts = self._view.answer_logits(_joined(batches)).chunk(len(batches))
            found |= {id(batch): part for batch, part in zip(batches, parts, strict=True)}
        return found


def _joined(batches: Sequence[Batch]) -> Batch:
    """Returns the rows of all batches as one, in their order; they are of one length."""
    names = batches[0].inputs
    inputs = {name: torch.cat([each.inputs[name] for each in batches]) for name in names}
    attended_BT, labels_BT = (
        torch.cat([getattr(each, name) for each in batches])
        for name in ("attended_BT", "labels_BT")
    )
    ids = tuple(name for each in batches for name in each.ids)
    return single(ids, Collated(inputs, attended_BT, labels_BT))


def apart(one: State, other: State) -> float:
    """Returns the largest difference of two adapters, as a share of the largest entry."""
    assert one.keys() == other.keys()
    most = max(float(value.abs().max()) for value in one.values())
    return max(float((one[n].double() - other[n].double()).abs().max()) for n in one) / most


@dataclass(frozen=True, slots=True)
class Measured:
    """What was learned, how long a step of one trial took, and the most memory."""

    learned: Mapping[int, State]
    step_s: float
    peak_mib: float


Run = Callable[[PreTrainedModel, Sequence[Trial], Bench], dict[int, State]]


def packed(num_slots: int) -> Run:
    """Returns what runs trials in so many slots."""
    return lambda model, trials, bench: Pack(model, bench, num_slots=num_slots).run(trials)


def measured(
    run: Run, options: argparse.Namespace, trials: Sequence[Trial], bench: Bench
) -> Measured:
    """Returns what a run takes, on a CPU of the processor's own time, as others use it, too."""
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    model = llama(options)
    forget_peak(options.device)
    started = clock()
    learned = run(model, trials, bench)  # ends with copies to the CPU, which wait for the device
    step_s = (clock() - started) / sum(trial.num_steps for trial in trials)
    return Measured(learned, step_s, peak_bytes(options.device) / MIB)


HEAD = ["trials", "s a step of one", "times as quick", "peak MiB", "weights apart"]


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(options.threads)
    print(setting("lethe", "torch", "transformers", "peft"), flush=True)
    print(f"\n{vars(options)}\n", flush=True)
    trials, rows = trials_of(options), rows_of(options)
    bench = Bench(rows, starts_of(options, trials), known_of(llama(options), rows))
    in_turn(llama(options), trials[:1], bench)  # warms up
    turns = measured(in_turn, options, trials, bench)
    lines = [["in turn", f"{turns.step_s:.4f}", "1.00", f"{turns.peak_mib:.0f}", ""]]
    for num_slots in options.slots:
        found = measured(packed(num_slots), options, trials, bench)
        away = max(apart(turns.learned[n], found.learned[n]) for n in turns.learned)
        figures = [f"{found.step_s:.4f}", f"{turns.step_s / found.step_s:.2f}"]
        lines.append([f"{num_slots} packed", *figures, f"{found.peak_mib:.0f}", f"{away:.1e}"])
    print(table(HEAD, lines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Trials packed over one frozen forward pass, against the same in turn.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--proportions", choices=PROPORTIONS, default="tiny")
    parser.add_argument("--dtype", choices=DTYPES, default="fp32")
    parser.add_argument("--device", default="cpu", help="cuda:0 for a GPU")
    parser.add_argument("--slots", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--steps", type=int, default=12, help="of a trial that does not end early")
    parser.add_argument("--rows", type=int, default=4, help="of each source in a step")
    parser.add_argument("--length", type=int, default=64, help="of a row, in tokens")
    parser.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    main()
