"""A word names a saved model, an adapter with its base, or a job; everything else is refused."""

import json
import shutil

import pytest

from evals.errors import ConfigError, OutOfReach
from orchestrator.evaluating import checkpoints
from orchestrator.evaluating.checkpoints import Checkpoint, read_checkpoints
from orchestrator.storage.records import Storage
from trainers.weight_files import fingerprint_of


@pytest.fixture
def read(tmp_path):
    def read(*words, base: str | None = None, storage: Storage | None = None) -> list[Checkpoint]:
        where = storage or Storage(tmp_path / "runs")
        return read_checkpoints(list(map(str, words)), where, base=base, environment={})

    return read


def test_a_folder_is_a_model_called_like_it(saved, read) -> None:
    assert read(saved.one) == [Checkpoint("one", saved.one, None, fingerprint_of(saved.one))]


def test_an_adapter_brings_the_model_that_it_says_it_belongs_on(saved, read) -> None:
    (found,) = read(saved.adapter)
    assert (found.label, found.model, found.adapter) == ("worn", saved.one, saved.adapter)
    assert found.weights == f"{fingerprint_of(saved.one)}+{fingerprint_of(saved.adapter)}"


def test_another_base_may_be_named(saved, read) -> None:
    (found,) = read(saved.adapter, base=str(saved.other))
    assert found.model == saved.other


def test_an_adapter_whose_base_is_gone_is_refused_with_the_option(saved, read, tmp_path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(saved.adapter, alone)
    file = alone / "adapter_config.json"
    said = json.loads(file.read_text()) | {"base_model_name_or_path": "/gone/model"}
    file.write_text(json.dumps(said))
    with pytest.raises(ConfigError, match=r"--base must name .*adapter_config.json has '/gone/"):
        read(alone)
    file.write_text("{")
    with pytest.raises(ConfigError, match=r"adapter_config.json must be what peft writes"):
        read(alone)


def test_a_folder_called_model_is_called_by_the_one_above_too(saved, read, tmp_path) -> None:
    shutil.copytree(saved.one, tmp_path / "mine" / "model")
    assert read(tmp_path / "mine" / "model")[0].label == "mine/model"


def test_two_of_one_name_are_called_by_the_whole_word(saved, read, tmp_path) -> None:
    shutil.copytree(saved.other, tmp_path / "a" / "one")
    labels = [found.label for found in read(saved.one, tmp_path / "a" / "one")]
    assert labels == [str(saved.one), str(tmp_path / "a" / "one")]


def test_the_same_weights_twice_are_refused(saved, read, tmp_path) -> None:
    shutil.copytree(saved.one, tmp_path / "copy")
    with pytest.raises(ConfigError, match=r"given once but got .*one and .*copy"):
        read(saved.one, tmp_path / "copy")


@pytest.mark.parametrize("word", ["./nowhere", "/nowhere", "nowhere", "0123", "a/b/c"])
def test_a_word_that_names_nothing_is_refused(word, read) -> None:
    with pytest.raises(ConfigError, match=r"MODEL must be a folder .* which is not there"):
        read(word)


def test_a_folder_without_weights_is_refused(read, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"folder with weights .*empty.*save_pretrained"):
        read(tmp_path / "empty")


def test_a_hub_id_without_a_network_is_out_of_reach(read, monkeypatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(OutOfReach, match=r"within reach but got 'some/model'"):
        read("some/model")


def test_a_hub_id_is_the_folder_that_its_files_were_fetched_to(saved, read, monkeypatch) -> None:
    asked = {}

    def fetched(name, allow_patterns):
        asked[name] = allow_patterns
        return str(saved.other)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetched)
    (found,) = read("some/model")
    assert (found.label, found.model) == ("some/model", saved.other)
    assert "*.safetensors" in asked["some/model"]


def test_a_job_is_what_it_left_behind(saved, read, stored_sweep, monkeypatch) -> None:
    made = stored_sweep().fill()
    job = made.trial("ga", lr=2e-3).hash
    left = (saved.one, saved.adapter)
    monkeypatch.setattr(checkpoints, "saved_weights", lambda _row: left)
    for word in (job, made.storage.job_folder(job)):
        (found,) = read(word, storage=made.storage)
        assert (found.label, found.model, found.adapter) == (f"ga {job[:8]}", *left)
        assert found.data == made.storage.recorded(job).job.data


def test_a_job_that_is_not_there_is_refused(read) -> None:
    with pytest.raises(ConfigError, match=r"RUN must be a job in"):
        read("f" * 16)
