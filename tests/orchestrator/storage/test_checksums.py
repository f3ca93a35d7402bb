"""Checksums are of the bytes of files, by their paths in a job's folder."""

import hashlib
from pathlib import Path

from orchestrator.storage.checksums import changed_weights, checksums, text_checksum


def test_scores_reports_and_weights_have_one_each(tmp_path: Path) -> None:
    files = ("scores.json", "reports.jsonl", "model/a.safetensors", "model/sub/b.json", "job.json")
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"content of {name}, é")
    found = checksums(tmp_path)
    assert set(found) == set(files) - {"job.json"}
    content = "content of model/sub/b.json, é".encode()
    assert found["model/sub/b.json"] == hashlib.sha256(content).hexdigest()
    assert text_checksum(content.decode()) == found["model/sub/b.json"]


def test_weights_are_compared_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "w").write_text("w")
    (tmp_path / "elsewhere" / "new").write_text("not known of")
    expected = {"model/w": text_checksum("w"), "adapter/x": text_checksum("x")}
    assert changed_weights(tmp_path / "elsewhere", expected, kind="model") is None
    expected["model/w"] = text_checksum("v")
    changed = changed_weights(tmp_path / "elsewhere", expected, kind="model")
    assert changed == tmp_path / "elsewhere" / "w"
