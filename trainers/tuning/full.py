"""Full fine-tuning: all weights train, so the reference is what is kept of the start."""

import time
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from trainers.adapters import has_moved
from trainers.batch import Batch
from trainers.distributed import Place, mean_over_ranks
from trainers.engine import Engine
from trainers.job import BEAT_S, MODEL, Beat
from trainers.loaded_model import LoadedModel
from trainers.method import Reference
from trainers.requirements import ReferenceUse
from trainers.saving import written
from trainers.settings import TrainingSettings
from trainers.starting_weights import Change
from trainers.tuning.tuning import ReferenceNeeds
from trainers.views import NoReference, ReferenceView


class FullTuning:
    """Trains every weight, which L1 pulls to where it started or to zero; `model/` is saved."""

    def applied(self, model: nn.Module) -> nn.Module:
        """Returns `model` as it is; a parameter without entries does not train, nor could it."""
        for parameter in model.parameters():
            if parameter.numel() == 0:
                parameter.requires_grad_(False)
        return model

    def keep_start(self, engine: Engine) -> None:
        """Keeps each rank's part of the weights on the CPU."""
        engine.keep_start()

    def restart(self, engine: Engine, training: TrainingSettings) -> None:
        """Gives the engine its first weights again."""
        engine.rewind(
            l1=training.l1,
            l1_mode=training.l1_mode,
            weight_decay=training.weight_decay,
            towards_start=training.l1_towards == "start",
        )

    def reference(
        self, module: nn.Module, needs: ReferenceNeeds
    ) -> Generator[Beat, None, Reference]:
        """Returns as little as the method reads: nothing, likelihoods, or a second, frozen model.

        All likelihoods that will be asked for are computed now, by the model that is to be trained.
        """
        if needs.use == ReferenceUse.NONE:
            return NoReference()
        if needs.use == ReferenceUse.MODEL:
            yield Beat()  # the model and its engine were loaded just now
            copy = needs.frozen_copy()
            return ReferenceView(
                copy,
                needs.arguments,
                cache=needs.cache,
                states=needs.states,
                place=needs.place,
            )
        start = ReferenceView(module, needs.arguments, cache=needs.cache, place=needs.place)
        yield from _remember(start, needs)
        return KnownLikelihoods(needs.cache)

    def negate(self, engine: Engine, strength: float) -> None:
        """Goes from the weights that were kept."""
        engine.negate(strength)

    def save(
        self, engine: Engine, loaded: LoadedModel, folder: Path, place: Place
    ) -> Generator[Beat, None, dict[str, float]]:
        """Saves model and processor; the facts are `change_facts`."""
        yield from save_model(engine, loaded, folder / MODEL, place)
        return change_facts(engine.change())


class KnownLikelihoods:
    """A reference of which nothing is left but the likelihoods of rows."""

    def __init__(self, known: dict[str, float]) -> None:
        self._known = known

    def logits(self, batch: Batch) -> Tensor:
        """Fails: the method said it needs likelihoods alone."""
        raise AssertionError(f"a method that needs likelihoods asked for logits of {batch.ids}")

    def answer_logits(self, batch: Batch) -> Tensor:
        """Fails: the method said it needs likelihoods alone."""
        return self.logits(batch)

    def attended_logits(self, batch: Batch) -> Tensor:
        """Fails: the method said it needs likelihoods alone."""
        return self.logits(batch)

    def hidden(self, batch: Batch, layer: int) -> Tensor:
        """Fails: the method said it needs likelihoods alone."""
        raise AssertionError(f"a method that needs likelihoods asked layer {layer} of {batch.ids}")

    def both(self, batch: Batch, layer: int) -> tuple[Tensor, Tensor]:
        """Fails: the method said it needs likelihoods alone."""
        return self.logits(batch), self.hidden(batch, layer)

    def sequence_nll(self, batch: Batch) -> Tensor:
        """Returns nll_B, each row's summed answer NLL in nats."""
        nlls = [self._known[row_id] for row_id in batch.ids]
        return torch.tensor(nlls, dtype=torch.float32, device=batch.labels_BT.device)


def change_facts(change: Change) -> dict[str, float]:
    """Returns sparsity, zeros, l1_norm, update_norm and moved.

    The sparsity is the share of weights that are exactly what they were, zeros the share that are
    0 now, l1_norm the sum of |change|, update_norm the Frobenius norm of the change; moved is 1.0
    if that is above `trainers.adapters.MOVED` times the norm of the start, else 0.0.
    """
    return {
        "sparsity": change.num_kept / change.num,
        "zeros": change.num_zero / change.num,
        "l1_norm": change.l1_norm,
        "update_norm": change.norm,
        "moved": has_moved(change.norm, change.start_norm),
    }


def save_model(
    engine: Engine, loaded: LoadedModel, folder: Path, place: Place
) -> Generator[Beat, None, None]:
    """Saves the whole model and its processor, as rank 0 gathers them."""
    state = engine.whole_state()
    yield from written(partial(loaded.save, folder, state=state), folder, place)


def _remember(reference: ReferenceView, needs: ReferenceNeeds) -> Iterator[Beat]:
    """Has the reference's cache know every row; all ranks give a Beat at the same step.

    Trials of one sweep draw the same rows, so that after the first one there is nothing to do.
    """
    ids = (row_id for index in range(needs.num_steps) for row_id in needs.compared.row_ids(index))
    unknown = torch.tensor(float(any(row_id not in needs.cache for row_id in ids)))
    if mean_over_ranks(unknown, needs.place) == 0:
        return
    beaten = time.perf_counter()
    for index in range(needs.num_steps):
        for batches in needs.compared.step(index):
            for source in sorted(batches):
                reference.sequence_nll(batches[source])
        silent = torch.tensor(float(time.perf_counter() - beaten >= BEAT_S))
        if mean_over_ranks(silent, needs.place) > 0:
            yield Beat()
            beaten = time.perf_counter()
