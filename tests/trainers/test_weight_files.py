"""A model's fingerprint is of what it is made of, and of nothing beside it."""

import hashlib
from pathlib import Path

import pytest

from evals.errors import ConfigError
from trainers.weight_files import check_fingerprint, fingerprint_of


def model(folder: Path, weights: bytes = b"w") -> Path:
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "config.json").write_text("{}")
    return folder


def test_it_is_the_sha_256_of_names_and_contents_in_the_order_of_names(tmp_path: Path) -> None:
    # sha256("config.json" + sha256("{}") + "model.safetensors" + sha256("w"))
    parts = [("config.json", b"{}"), ("model.safetensors", b"w")]
    said = b"".join(name.encode() + hashlib.sha256(held).digest() for name, held in parts)
    assert fingerprint_of(model(tmp_path / "one")) == f"files:{hashlib.sha256(said).hexdigest()}"


def test_a_file_beside_the_model_changes_nothing(tmp_path: Path) -> None:
    folder = model(tmp_path / "one")
    before = fingerprint_of(folder)
    (folder / "notes.txt").write_text("")
    check_fingerprint(folder, before)


def test_other_weights_are_refused_with_both_fingerprints(tmp_path: Path) -> None:
    wanted = fingerprint_of(model(tmp_path / "one"))
    other = model(tmp_path / "other", b"v")
    with pytest.raises(ConfigError, match="must hold the weights .* but got others") as caught:
        check_fingerprint(other, wanted)
    assert wanted.removeprefix("files:")[:12] in str(caught.value)
