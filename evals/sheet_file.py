"""Keeps score sheets as JSON files that give back exactly what was put in."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

import pydantic_core
from pydantic import ValidationError, create_model

from evals.errors import ConfigError
from evals.scores import ScoreSheet, TaskScores


def write_sheet(path: Path, sheet: ScoreSheet) -> None:
    """Writes `sheet` to `path` all at once: a reader sees the old file or the new one.

    Floats keep every bit; what JSON has no number for is written as "NaN", "Infinity" or
    "-Infinity".
    """
    data = pydantic_core.to_json(sheet, inf_nan_mode="strings")
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def read_sheet(path: Path, task_scores: type[TaskScores]) -> ScoreSheet:
    """Returns the sheet that `write_sheet` put at `path`, of a suite with these `task_scores`.

    Raises:
        FileNotFoundError: nothing is there.
        ConfigError: the file is not a whole score sheet.
    """
    return parsed_sheet(path.read_bytes(), task_scores, path=path)


def parsed_sheet(content: bytes, task_scores: type[TaskScores], *, path: Path) -> ScoreSheet:
    """Returns the sheet that the `content` of the file `path` is.

    Raises:
        ConfigError: it is not a whole score sheet.
    """
    form = create_model("Sheet", tasks=(tuple[task_scores, ...], ...))  # type: ignore[valid-type]
    try:
        return ScoreSheet(form.model_validate_json(content).tasks)  # type: ignore[attr-defined]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "its first byte"
        raise ConfigError(
            f"{path} must be a score sheet but got {first['msg']!r} at {where}; "
            "delete it and evaluate again"
        ) from None
