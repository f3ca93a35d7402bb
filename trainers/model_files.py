"""The files of a saved model, by which starting weights are told from others wherever they lie."""

import hashlib
from pathlib import Path

HASHED = ("*.json", "*.safetensors", "*.model", "*.jinja")
"""What decides how a saved model answers: weights, configuration, tokenizer, chat template."""


def model_files(folder: Path) -> list[Path]:
    """Returns the files of the model in `folder`, by name; others may lie beside them."""
    return sorted({file for pattern in HASHED for file in folder.glob(pattern)})


def file_sum(file: Path) -> str:
    """Returns the SHA-256 of what a file holds.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_fingerprint(folder: Path) -> str:
    """Returns the SHA-256 of the names, sizes and contents of the model's files in `folder`."""
    digest = hashlib.sha256()
    for file in model_files(folder):
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
        digest.update(bytes.fromhex(file_sum(file)))
    return digest.hexdigest()
