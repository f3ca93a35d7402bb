"""Writes a trained model so that it can be taken elsewhere: one folder, no adapter."""

from dataclasses import replace
from pathlib import Path

from torch import nn
from transformers.utils import logging

from trainers.batch import Batch, single
from trainers.distributed import Place
from trainers.in_step import finished
from trainers.job import Job
from trainers.loaded_model import LoadedModel
from trainers.merging import require_same_answers, row_nlls
from trainers.warm_state import WarmState
from trainers.worn_adapter import with_adapter

CHECKED_ROWS = 8
"""Rows of those to be forgotten that are compared before and after an adapter is merged."""


def write_whole(job: Job, *, model: Path, adapter: Path | None, folder: Path) -> None:
    """Writes the model of `model`, with `adapter` merged into it if there is one, to `folder`.

    It is written as the family writes its own checkpoints: a causal language model as transformers
    does.

    Raises:
        ConfigError: the model cannot be loaded, or the adapter is another model's.
        MergeFailed: the merged model does not answer as the one with the adapter does.
    """
    logging.disable_progress_bar()
    place = Place()
    warm_state = WarmState(place)
    given = job.model_copy(update={"checkpoint": str(model)})
    loaded = finished(warm_state.given_model(given))
    if adapter is None:
        loaded.save(folder)
        return
    worn = with_adapter(loaded.model, adapter)
    rows = _rows(job, warm_state, loaded)
    before_B = row_nlls(worn, rows, loaded.arguments)
    merged: nn.Module = worn.merge_and_unload()
    after_B = row_nlls(merged, rows, loaded.arguments)
    require_same_answers(before_B, after_B, next(merged.parameters()).dtype, place)
    replace(loaded, model=merged).save(folder)


def _rows(job: Job, warm_state: WarmState, loaded: LoadedModel) -> Batch:
    """Returns some of the rows that were to be forgotten, with their answers."""
    examples = warm_state.benchmark(job.benchmark).splits[job.split][:CHECKED_ROWS]
    length, key = job.evaluation.max_length, "evaluation.max_length"
    encoder = warm_state.encoder(job, loaded, max_length=length, key=key)
    rows = encoder.collate([encoder.answered(each) for each in examples])
    return single(tuple(each.id for each in examples), rows)
