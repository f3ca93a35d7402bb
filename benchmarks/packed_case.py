"""What packed_trials.py trains: a Llama of random weights, rows, and trials of several methods."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from packed_adapters import Recipe
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from evals.choice import choose
from evals.collated import IGNORE
from evals.text.encoding import model_inputs
from trainers import losses
from trainers.adapters import add_adapter, initial_state
from trainers.batch import Batch, single
from trainers.decoder_call import ARGUMENTS
from trainers.method import Method, Step, View, build_method
from trainers.requirements import Source
from trainers.settings import AdapterSettings
from trainers.views import StudentView

SEED = 0
SOURCES = Source.FORGET, Source.RETAIN
METHODS: tuple[dict[str, object], ...] = (
    {"name": "gd"},
    {"name": "npo", "retain_term": "nll"},
    {"name": "simnpo"},
)
PROPORTIONS = {
    "tiny": (64, 2, 4, 256),
    "small": (512, 8, 8, 4096),
    "1b": (2048, 16, 32, 32000),
    "7b": (4096, 32, 32, 32000),
}
"""Width, layers, heads and words."""
DTYPES = {"fp64": torch.float64, "fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Trial:
    """A training: its method and recipe, and after how many steps it ends.

    `number` is the seed of its adapter and of the order of its rows.
    """

    number: int
    method: Method
    recipe: Recipe
    num_steps: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that every trial draws from in an order of its own, all of one length."""

    ids_NT: Mapping[Source, Tensor]
    num_rows: int

    def draw(self, trial: Trial, step: int) -> dict[Source, Batch]:
        """Returns what a trial trains on in a step; the second half of a row is its answer."""
        found = {}
        for number, (source, ids_NT) in enumerate(self.ids_NT.items()):
            seed = int(np.random.SeedSequence((trial.number, step, number)).generate_state(1)[0])
            generator = torch.Generator().manual_seed(seed)
            rows = torch.randperm(len(ids_NT), generator=generator)[: self.num_rows].tolist()
            found[source] = _answered(tuple(f"{source}-{row}" for row in rows), ids_NT[rows])
        return found


def _answered(names: tuple[str, ...], ids_BT: Tensor) -> Batch:
    labels_BT = ids_BT.clone()
    labels_BT[:, : ids_BT.shape[1] // 2] = IGNORE
    return single(names, model_inputs(ids_BT, torch.ones_like(ids_BT), labels_BT))


class Known:
    """What passes before have made: answers' logits by batch, or likelihoods of rows with no
    adapter by id.

    That is all that the methods here ask of a student or of a reference.
    """

    def __init__(
        self, logits: Mapping[int, Tensor], likelihoods: Mapping[str, float] | None = None
    ) -> None:
        self._logits = logits
        self._likelihoods = likelihoods or {}

    def answer_logits(self, batch: Batch) -> Tensor:
        """Returns logits_NV (float32) where labels are predicted."""
        return self._logits[id(batch)]

    def attended_logits(self, batch: Batch) -> Tensor:
        """Fails: no method here asks for it."""
        raise NotImplementedError(batch.ids)

    def logits(self, batch: Batch) -> Tensor:
        """Fails: no method here asks for it."""
        raise NotImplementedError(batch.ids)

    def sequence_nll(self, batch: Batch) -> Tensor:
        """Returns nll_B, each row's summed answer NLL in nats."""
        known = [self._likelihoods[name] for name in batch.ids]
        return torch.tensor(known, device=batch.labels_BT.device)

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Fails: no method here asks for it."""
        raise NotImplementedError(batch.ids, layer)

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Fails: no method here asks for it."""
        raise NotImplementedError(batch.ids, layer)


State = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Bench:
    """What both ways share: rows, each trial's fresh adapter, and what the model says of rows."""

    rows: Rows
    starts: Mapping[int, State]
    reference: Known

    def step(self, trial: Trial, index: int, batches: Mapping[Source, Batch], view: View) -> Step:
        """Returns what the method of a trial sees."""
        return Step(batches, view, self.reference, index, trial.num_steps, 0, trial.number)


def known_of(model: PreTrainedModel, rows: Rows) -> Known:
    """Returns what the model without an adapter says of all forget rows."""
    likelihoods: dict[str, float] = {}
    view = StudentView(model, ARGUMENTS)
    for row, ids_T in enumerate(rows.ids_NT[Source.FORGET]):
        batch = _answered((f"{Source.FORGET}-{row}",), ids_T[None])
        with torch.no_grad():
            nll_B = losses.sequence_nll(view.answer_logits(batch), batch)
        likelihoods[batch.ids[0]] = float(nll_B)
    return Known({}, likelihoods)


def llama(options: argparse.Namespace) -> PreTrainedModel:
    """Returns a Llama of random weights in the proportions that are asked for."""
    width, layers, heads, words = PROPORTIONS[options.proportions]
    shape = LlamaConfig(
        vocab_size=words,
        hidden_size=width,
        intermediate_size=8 * width // 3,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=heads,
    )
    torch.manual_seed(SEED)
    with torch.device(options.device):
        return LlamaForCausalLM(shape).to(DTYPES[options.dtype])


def starts_of(options: argparse.Namespace, trials: Sequence[Trial]) -> dict[int, State]:
    """Returns the adapter that each trial begins with, as Lethe draws it from a seed."""
    elsewhere = argparse.Namespace(**{**vars(options), "device": "meta"})
    shell = add_adapter(llama(elsewhere), AdapterSettings(), seed=SEED)
    return {trial.number: initial_state(shell, trial.number) for trial in trials}


def trials_of(options: argparse.Namespace) -> list[Trial]:
    """Returns trials of several methods and recipes, every third of which ends early."""
    found = []
    for number in range(options.trials):
        choice = choose("trainers.methods", METHODS[number % len(METHODS)], key="method")
        recipe = Recipe(lr=1e-3 / (1 + number), l1=0.1 * (number % 2), weight_decay=0.01)
        steps = max(1, options.steps // 3) if number % 3 == 2 else options.steps
        found.append(Trial(number, build_method(choice), recipe, steps))
    return found


def rows_of(options: argparse.Namespace) -> Rows:
    """Returns random rows of both sources."""
    generator = torch.Generator().manual_seed(SEED)
    words = PROPORTIONS[options.proportions][-1]
    size = (8 * options.rows, options.length)
    drawn = {s: torch.randint(words, size, generator=generator).to(options.device) for s in SOURCES}
    return Rows(drawn, options.rows)
