"""Ray's token is its owner's alone, made here or found."""

from pathlib import Path

from cluster.auth_token import make_token, protect_token, token_file


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_a_token_is_made_private_once(tmp_path: Path) -> None:
    file = token_file(tmp_path)
    make_token(file)
    made = file.read_text(encoding="utf-8")
    assert len(made) >= 32
    assert mode(file) == 0o600
    make_token(file)
    assert file.read_text(encoding="utf-8") == made
    assert list(file.parent.iterdir()) == [file]


def test_a_token_that_others_can_read_is_taken_from_them(tmp_path: Path) -> None:
    file = token_file(tmp_path)
    protect_token(file)
    file.parent.mkdir()
    file.write_text("a" * 32, encoding="utf-8")
    file.chmod(0o644)
    make_token(file)
    assert mode(file) == 0o600
    assert file.read_text(encoding="utf-8") == "a" * 32
