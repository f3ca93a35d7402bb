"""What a job needs to be repeated: its data, the weights it left or began with, and its guard."""

from pathlib import Path

from evals.building import build_benchmark
from evals.errors import ConfigError
from orchestrator.reproducing.find_row import Row, relocated
from orchestrator.results.measuring import reference_of
from orchestrator.storage.files import JOBS
from orchestrator.storage.inspection import check_model
from trainers.early_stopping import Guard
from trainers.job import ADAPTER, Job
from trainers.weight_files import check_fingerprint

RETRAIN = "train it again with --retrain"
BRING = "put it there; nothing that starts from it can be repeated without it"
MOVED = "put it back, or name a sweep whose config has its new place with --sweep"


def check_data(row: Row) -> None:
    """Refuses a benchmark whose content is no longer what the job was measured on.

    Raises:
        ConfigError: names both fingerprints.
    """
    job = row.result.job
    now = build_benchmark(job.benchmark).fingerprint
    if now != job.data:
        raise ConfigError(
            f"benchmark must have the content that the job {job.hash} was run on "
            f"({job.data[:12]}) but got {now[:12]}; restore the data"
        )


def saved_weights(row: Row) -> tuple[Path, Path | None]:
    """Returns the folders of the model and, for a trial that trained one, of its adapter.

    Raises:
        ConfigError: they are not here.
    """
    job, base = row.result.job, base_of(row)
    if base is None or job.adapter is None:
        model = row.storage.model_folder(job)
        if not model.is_dir():
            raise _not_here("the model", model, RETRAIN if job.checkpoint is None else MOVED)
        _check_model(row, job, model)
        return model, None
    adapter = row.folder / ADAPTER
    if not adapter.is_dir():
        raise _not_here("the adapter", adapter, RETRAIN)
    check_model(row.storage, job.hash, kind=ADAPTER)
    return base, adapter


def base_of(row: Row) -> Path | None:
    """Returns the folder of the model that a trial starts from; None for a baseline.

    Raises:
        ConfigError: it is not here.
    """
    if row.result.job.base is None:
        return None
    original = row.storage.recorded(row.original)
    if original is None:
        where = row.storage.job_folder(row.original)
        raise _not_here("the original model's record", where, BRING)
    job = relocated(original.job, row.config)
    folder = row.storage.model_folder(job)
    if not folder.is_dir():
        cure = BRING if job.checkpoint is None else MOVED
        raise _not_here("the original model", folder, cure)
    _check_model(row, job, folder)
    return folder


def check_trainable(row: Row) -> None:
    """Refuses a job that was not trained, or whose training would not start from the same weights.

    Raises:
        ConfigError: says which.
    """
    job = row.result.job
    if job.checkpoint is not None:
        raise ConfigError(
            f"RUN must be a job that was trained with --retrain but got {job.hash!r}, which "
            f"measured the given model {job.checkpoint}; leave --retrain out"
        )
    if base_of(row) is None:
        _check_pretrained(job)


def guard_of_row(row: Row) -> Guard | None:
    """Returns what the training was stopped under; None if it was not stopped.

    Raises:
        ConfigError: the sweep's guard is another one by now.
    """
    if not row.result.stopped:
        return None
    original, gold = (row.storage.recorded(each) for each in (row.original, row.gold))
    if original is None or gold is None:
        raise _not_here("the records of both baselines", row.storage.root / JOBS, BRING)
    benchmark = build_benchmark(row.config.benchmark)
    guard = reference_of(original, gold, row.storage, config=row.config, benchmark=benchmark).guard
    if guard is None or guard.hash != row.result.guard:
        raise ConfigError(
            f"search.stopping must be what stopped the job {row.result.job.hash} but got another "
            "setting or other baselines; leave --retrain out, or name another sweep with --sweep"
        )
    return guard


def _check_model(row: Row, job: Job, folder: Path) -> None:
    """Refuses a baseline's weights, trained or given, that are others than those on record.

    Raises:
        ConfigError: names the file or the folder.
    """
    if job.checkpoint is None:
        check_model(row.storage, job.hash)
    else:
        check_fingerprint(folder, job.weights)


def _check_pretrained(job: Job) -> None:
    from trainers.family import build_family  # imports transformers

    now = build_family(job.model).fingerprint()
    if now != job.weights:
        raise ConfigError(
            f"model.path must have the weights that the job {job.hash} began with "
            f"({job.weights[:40]}) but got {now[:40]}; {MOVED}"
        )


def _not_here(what: str, where: Path, cure: str) -> ConfigError:
    return ConfigError(f"{where} must hold {what} but it is not here; {cure}")
