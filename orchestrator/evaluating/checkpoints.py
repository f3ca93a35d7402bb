"""The checkpoints that are to be judged: what a word names, where its weights are, what it is."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evals.errors import ConfigError, OutOfReach, shown
from evals.paths import read_path
from orchestrator.reproducing.find_row import find_row
from orchestrator.reproducing.requirements import saved_weights
from orchestrator.storage.files import JOB_FILE
from orchestrator.storage.json_object import json_object
from orchestrator.storage.records import Storage
from trainers.job import ADAPTER, MODEL
from trainers.model_files import HASHED, model_files
from trainers.weight_files import fingerprint_of

ADAPTER_FILE = "adapter_config.json"
BASE = "base_model_name_or_path"
"""What peft calls the model that an adapter belongs on."""
HASH = re.compile(r"[0-9a-f]{16}")
HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model to be judged: its folder, the folder of its adapter if it wears one, its weights.

    `label` is what it is called in the table. `data` is the fingerprint of the benchmark that a
    sweep's job was run on; empty where that is not on record.
    """

    label: str
    model: Path
    adapter: Path | None
    weights: str
    data: str = ""


def read_checkpoints(
    words: Sequence[str], storage: Storage, *, base: str | None, environment: Mapping[str, str]
) -> list[Checkpoint]:
    """Returns what each word names: a saved model, an adapter, a job of `storage`, or a hub id.

    `base` is the model of adapters that do not say, or say wrongly, what they belong on.

    Raises:
        ConfigError: a word names nothing of the kind, or two the same weights.
    """
    found = [_read(word, storage, base=base, environment=environment) for word in words]
    for weights, times in Counter(each.weights for each in found).items():
        if times > 1:
            same = [w for w, each in zip(words, found, strict=True) if each.weights == weights]
            raise ConfigError(
                f"MODEL must be given once but got {' and '.join(same)}, which hold the same "
                "weights; leave one of them out"
            )
    return list(_apart(words, found))


def _apart(words: Sequence[str], found: Sequence[Checkpoint]) -> Iterator[Checkpoint]:
    """Yields them with a label each: the whole word where the last part of it is not enough."""
    labels = Counter(each.label for each in found)
    for word, each in zip(words, found, strict=True):
        yield each if labels[each.label] == 1 else replace(each, label=word)


def _read(
    word: str, storage: Storage, *, base: str | None, environment: Mapping[str, str]
) -> Checkpoint:
    folder = read_path(word, key="MODEL")
    if (folder / JOB_FILE).is_file():
        own = Storage(folder.resolve().parent.parent)
        return _of_job(folder.resolve().name, own, environment)
    if folder.is_dir():
        return _of_folder(folder, storage, base=base, environment=environment)
    if HASH.fullmatch(word):
        return _of_job(word, storage, environment)
    if not HUB_ID.fullmatch(word):
        raise ConfigError(
            f"MODEL must be a folder with a saved model or an adapter, a job's hash or a hub id "
            f"but got {shown(word)}, which is not there; correct it"
        )
    return _of_folder(_fetched(word), storage, base=base, environment=environment, label=word)


def _of_job(job_hash: str, storage: Storage, environment: Mapping[str, str]) -> Checkpoint:
    """Returns what a job of a sweep has left behind."""
    row = find_row(job_hash, storage, environment=environment)
    model, adapter = saved_weights(row)
    label = f"{row.member.label or row.result.job.phase} {job_hash[:8]}"
    return Checkpoint(label, model, adapter, _weights(model, adapter), row.result.job.data)


def _of_folder(
    folder: Path,
    storage: Storage,
    *,
    base: str | None,
    environment: Mapping[str, str],
    label: str = "",
) -> Checkpoint:
    *_, above, name = folder.resolve().parts
    label = label or (f"{above}/{name}" if name in (MODEL, ADAPTER) else name)
    if (folder / ADAPTER_FILE).is_file():
        model = _base_of(folder, storage, base, environment)
        return Checkpoint(label, model, folder, _weights(model, folder))
    return Checkpoint(label, folder, None, _weights(folder, None))


def _base_of(
    adapter: Path, storage: Storage, base: str | None, environment: Mapping[str, str]
) -> Path:
    """Returns the folder of the model that an adapter belongs on."""
    try:
        said = json_object((adapter / ADAPTER_FILE).read_text(encoding="utf-8")).get(BASE)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{adapter / ADAPTER_FILE} must be what peft writes beside an adapter but cannot be "
            f"read ({error}); write the adapter anew"
        ) from None
    name = base or (said if isinstance(said, str) else "")
    if name and Path(name).expanduser().is_dir():
        return Path(name).expanduser()
    if HASH.fullmatch(name) and storage.has_sheet(name):
        return _of_job(name, storage, environment).model
    if HUB_ID.fullmatch(name):
        return _fetched(name)
    raise ConfigError(
        f"--base must name the model that the adapter {str(adapter)!r} belongs on, since its "
        f"{ADAPTER_FILE} has {shown(said)}; give a folder or a hub id"
    )


def _weights(model: Path, adapter: Path | None) -> str:
    """Returns the fingerprint of a saved model, and of its adapter behind it.

    Raises:
        ConfigError: there are no weights.
    """
    for folder in filter(None, (model, adapter)):
        if not any(file.suffix == ".safetensors" for file in model_files(folder)):
            raise ConfigError(
                f"MODEL must be a folder with weights (*.safetensors) but got {str(folder)!r}, "
                "which has none; save the model with save_pretrained"
            )
    own = fingerprint_of(model)
    return own if adapter is None else f"{own}+{fingerprint_of(adapter)}"


def _fetched(name: str) -> Path:
    """Returns the folder that the hub's model is in, fetched if it is not there yet."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=list(HASHED)))
    except (LocalEntryNotFoundError, ConnectionError) as error:
        raise OutOfReach(
            f"MODEL must be within reach but got {name!r}, which is no folder here, and the hub "
            "cannot be reached; download the model and give its folder"
        ) from error
    except (ValueError, OSError) as error:
        raise ConfigError(
            f"MODEL must be a model of the hub but got {name!r} ({str(error).splitlines()[0]}); "
            "correct the id, or give a folder"
        ) from error
