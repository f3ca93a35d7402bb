"""Records what checkpoints measure in MLflow: a run of its own, and a child run for each."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from orchestrator.config.resume import config_text
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.results.entry import Entry
from orchestrator.storage.address import Address
from orchestrator.storage.records import Storage
from orchestrator.tracking.child_run import child_run
from orchestrator.tracking.failure import first_line
from orchestrator.tracking.job_files import job_files
from orchestrator.tracking.provenance import code_tags
from orchestrator.tracking.run_note import MAIN_TABLE, NOTE, with_table
from orchestrator.tracking.session import Files, Place
from orchestrator.tracking.store import begin_session
from orchestrator.tracking.store_address import default_address

NOTED = "Checkpoints, measured on every item. Each is a child run; the table is in `tables/`."


def record_evaluation(
    config: SweepConfig, entries: Sequence[Entry], place: Place, *, files: Sequence[Path]
) -> str | None:
    """Records every checkpoint with its scores, and the tables; returns why it could not, or None.

    What is recorded already is not doubled.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    storage = Storage(place.storage)
    address: Address = config.tracking.uri or default_address(place.storage)
    try:
        session = begin_session(config.tracking, place, address, config_text(config))
        session.describe({}, {**code_tags(), "phase": "evaluation"}, {})
        for entry in entries:
            folder = storage.job_folder(entry.result.job.hash)
            texts = partial(job_files, entry.result, folder)
            session.add(child_run(entry), Files(folder, texts=texts, adapter=False), more={})
        for file in files:
            if file.name == MAIN_TABLE:
                table = file.read_text(encoding="utf-8")
                session.tag({NOTE: with_table(NOTED, table)})
            session.client.log_artifact(session.run_id, str(file), "tables")
        session.end("FINISHED")
    except (MlflowException, SQLAlchemyError, OSError, ValueError) as error:
        return str(address.cleaned(first_line(error)))
    return None
