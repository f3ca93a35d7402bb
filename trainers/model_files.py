"""The files of a saved model, by which starting weights are told from others wherever they lie."""

import hashlib
from pathlib import Path

HASHED = ("*.json", "*.safetensors", "*.model", "*.jinja")
"""What decides how a saved model answers: weights, configuration, tokenizer, chat template."""


def model_files(folder: Path) -> list[Path]:
    """Returns the files of the model in `folder`, by name; others may lie beside them."""
    return sorted({file for pattern in HASHED for file in folder.glob(pattern)})


def folder_fingerprint(folder: Path) -> str:
    """Returns the SHA-256 of the names, sizes and contents of the model's files in `folder`."""
    digest = hashlib.sha256()
    for file in model_files(folder):
        digest.update(f"{file.name} {file.stat().st_size}\n".encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
