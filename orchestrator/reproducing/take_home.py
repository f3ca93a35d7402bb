"""Writes a row's model to a folder of its own, with a card, whole or not at all."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from evals.errors import ConfigError
from orchestrator.reproducing.find_row import Row
from orchestrator.reproducing.model_card import CARD, card_of
from orchestrator.reproducing.requirements import check_data, saved_weights
from orchestrator.storage.address import NO_ENVIRONMENT
from orchestrator.storage.writable_folder import make_folder


def take_home(
    row: Row, folder: Path, *, merge: bool, environment: Mapping[str, str] = NO_ENVIRONMENT
) -> None:
    """Writes the model of `row` and its card to `folder`, which is empty or not there yet.

    A trial's adapter is written alone, or with `merge` as the whole model that it makes.

    Raises:
        ConfigError: the folder holds something or cannot be written to, or the weights are not
            here.
        MergeFailed: the merged model does not answer as the trained one does.
    """
    _require_empty(folder)
    model, adapter = saved_weights(row)
    whole = merge or adapter is None
    card = card_of(row, whole=whole, environment=environment)
    parent = make_folder(folder.absolute().parent, key="DIR")
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=parent))
    try:
        if adapter is not None and not merge:
            shutil.copytree(adapter, part, dirs_exist_ok=True)
        else:
            check_data(row)
            from trainers.exporting import write_whole  # imports torch

            write_whole(row.result.job, model=model, adapter=adapter, folder=part)
        (part / CARD).write_text(card.rendered(), encoding="utf-8")
        part.chmod(0o755)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _require_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        what = "which is a file" if folder.is_file() else "which holds something"
        raise ConfigError(
            f"DIR must be an empty folder, or one that is not there yet, but got {str(folder)!r}, "
            f"{what}; choose another"
        )
