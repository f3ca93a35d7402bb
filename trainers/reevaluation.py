"""Scores a saved model, as the job that made it did, in one process."""

from pathlib import Path

import torch
from transformers.utils import logging

from trainers.distributed import Place
from trainers.in_step import finished
from trainers.job import Job, Outcome
from trainers.warm_state import WarmState
from trainers.worn_adapter import with_adapter


def evaluate_saved(job: Job, *, model: Path, adapter: Path | None) -> Outcome:
    """Returns what the model in the folder `model` measures, with its adapter if one is given.

    Computes on the first GPU where there is one.

    Raises:
        ConfigError: the model cannot be loaded, its adapter is another model's, or the benchmark
            cannot be built.
    """
    logging.disable_progress_bar()
    place = Place(device="cuda" if torch.cuda.is_available() else "cpu")
    warm_state = WarmState(place)
    given = job.model_copy(update={"checkpoint": str(model)})
    loaded = finished(warm_state.given_model(given))
    module: torch.nn.Module = loaded.model
    if adapter is not None:
        module = with_adapter(loaded.model, adapter)
    module.eval()
    sheet, facts = finished(warm_state.evaluate(module, loaded, job))
    return Outcome(sheet, facts, first_row=warm_state.shown_row(job, loaded))
