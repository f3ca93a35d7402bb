"""A model is told by what decides how it answers, wherever that lies."""

from trainers.model_files import folder_fingerprint, model_files


def test_files_of_a_model_are_told_by_name_size_and_content_and_others_left_out(tmp_path):
    for name in ("model.safetensors", "config.json", "README.md", "optimizer.pt"):
        (tmp_path / name).write_text(name)
    assert [file.name for file in model_files(tmp_path)] == ["config.json", "model.safetensors"]

    before = folder_fingerprint(tmp_path)
    (tmp_path / "README.md").write_text("more")
    assert folder_fingerprint(tmp_path) == before
    (tmp_path / "config.json").write_text("config.jsoN")
    changed = folder_fingerprint(tmp_path)
    assert changed != before
    (tmp_path / "config.json").rename(tmp_path / "other.json")
    assert folder_fingerprint(tmp_path) not in (before, changed)
