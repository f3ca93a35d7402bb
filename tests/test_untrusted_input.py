"""Whatever stands in a file that people or disks can spoil: a result, or one message.

Never another exception: hypothesis writes configs, overrides, tables and files of a storage folder,
of the right syntax and the wrong shape or of no syntax at all.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from yaml import safe_dump

from evals.errors import ConfigError
from evals.tables import SUFFIXES, Tables, Text
from orchestrator.config.budget import BudgetSettings
from orchestrator.config.loading import load_config
from orchestrator.config.resume import read_config
from orchestrator.config.strict_yaml import parse
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.limits.usage import read_usage
from orchestrator.storage.files import (
    CONFIG_FILE,
    IDENTITY_FILE,
    JOB_FILE,
    JOURNAL,
    LEDGER_FILE,
    MEMBERS_FILE,
    ORIGIN_FILE,
    REPORTS_FILE,
    RESULT_FILE,
    SCORES_FILE,
)
from orchestrator.storage.line_file import append_all, at_once
from orchestrator.storage.members import read_members
from orchestrator.storage.records import Storage
from orchestrator.storage.sweep_identity import sweep_identity
from orchestrator.storage.sweep_lines import check_journal

# The same inputs every time, and few enough to end in seconds; others, and many, with --inputs.
EVERY_TIME = settings(deadline=None, database=None)
LONGEST = 1500
"""Characters of a message."""

WORDS = ["a", "ga", "npo", "lr", "1e-3", "~nobody/x", "x" * 300, "\0", "2026-13-45", "on", "{", "é"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(WORDS)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def keys_of(model: type[BaseModel], depth: int = 2) -> Iterator[str]:
    """Yields the names of a config's keys, with those of its sections."""
    for name, found in model.model_fields.items():
        yield name
        inner = found.annotation
        if depth and isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from (f"{name}.{below}" for below in keys_of(inner, depth - 1))


KEYS = st.sampled_from([*keys_of(SweepConfig), "model.path", "methods.npo.beta", "search.lr.low"])


@contextmanager
def or_a_message() -> Iterator[None]:
    """Lets pass the one exception that there may be, if it can be printed and read."""
    said = ""
    try:
        yield
    except ConfigError as error:
        said = str(error)
    assert len(said.encode()) < LONGEST


@EVERY_TIME
@given(text=st.text() | VALUES.map(lambda value: safe_dump(value, allow_unicode=True)))
@example(text="a: !!int ''")
@example(text="? !!timestamp x\n: 1")
def test_yaml(text: str) -> None:
    with or_a_message():
        parse(text, source="x")


@EVERY_TIME
@given(key=KEYS, value=VALUES)
def test_a_config_with_a_key_of_anything(key: str, value: Any) -> None:
    *outer, last = key.split(".")
    config: dict[str, Any] = {"name": "x", "benchmark": "characters", "model": "tiny_llama"}
    config |= {"methods": {"ga": None, "npo": {}}}
    inner = config
    for part in outer:
        inner[part] = inner = dict(inner[part]) if isinstance(inner.get(part), dict) else {}
    inner[last] = value
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.yaml"
        file.write_text(safe_dump(config), encoding="utf-8")
        with or_a_message():
            load_config(str(file), [])


@EVERY_TIME
@given(key=KEYS | st.text(max_size=8), value=VALUES.map(json.dumps) | st.text(max_size=12))
def test_an_override(key: str, value: str) -> None:
    with or_a_message():
        load_config(None, [f"{key}={value}"])


class Row(BaseModel):
    question: Text
    wrong: tuple[Text, ...]


ROWS = st.lists(
    st.fixed_dictionaries({"question": VALUES, "wrong": st.lists(SCALARS, max_size=2) | VALUES}),
    max_size=3,
)


@EVERY_TIME
@given(
    rows=ROWS,
    noise=st.binary(max_size=30),
    at=st.integers(0, 200),
    suffix=st.sampled_from(SUFFIXES),
    by_line=st.booleans(),
)
def test_a_table(rows: list[Any], noise: bytes, at: int, suffix: str, by_line: bool) -> None:
    text = "\n".join(map(json.dumps, rows)) if by_line else json.dumps(rows)
    content = text.encode()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"full{suffix}").write_bytes(content[:at] + noise + content[at:])
        with or_a_message():
            found = Tables(folder, key="benchmark.path").read("full", Row)
            if not noise and suffix in (".json", ".jsonl"):
                assert [row.model_dump(mode="json") for row in found] == rows


JOB = "0123456789abcdef"
LEDGER_LINES = st.fixed_dictionaries(
    {"event": st.sampled_from(["opened", "closed", "given", "begun", "ended"]), "at": SCALARS},
    optional={"job": SCALARS, "label": SCALARS, "gang_s": SCALARS, "cpus": SCALARS},
)
MEMBER_LINES = st.fixed_dictionaries(
    {"role": st.sampled_from(["original", "gold", "trial", "x"]), "job": SCALARS, "label": SCALARS},
    optional={"number": SCALARS, "seed": SCALARS, "params": VALUES},
)
RESULTS = st.fixed_dictionaries(
    {"state": st.sampled_from(["DONE", "done", "failed"]), "reason": SCALARS, "metrics": VALUES},
    optional={"facts": VALUES, "wall_s": SCALARS, "started_at": SCALARS},
)
ORIGINS = st.fixed_dictionaries(
    {}, optional={"version": SCALARS, "layout": SCALARS, "methods": VALUES}
)
SHAPES = LEDGER_LINES | MEMBER_LINES | RESULTS | ORIGINS | VALUES
SWEEP_FILES = [CONFIG_FILE, ORIGIN_FILE, MEMBERS_FILE, LEDGER_FILE, JOURNAL, IDENTITY_FILE]
LINES = st.lists(SHAPES.map(json.dumps), max_size=4)
CONTENTS = LINES.map(lambda lines: "".join(f"{line}\n" for line in lines).encode()) | st.binary(
    max_size=40
)


@EVERY_TIME
@given(
    name=st.sampled_from([JOB_FILE, RESULT_FILE, SCORES_FILE, REPORTS_FILE]),
    content=CONTENTS | st.none(),
)
def test_a_file_of_a_job(name: str, content: bytes | None) -> None:
    with tempfile.TemporaryDirectory() as root:
        storage = Storage(Path(root))
        folder = storage.job_folder(JOB)
        folder.mkdir(parents=True)
        spoil(folder / name, content)
        for read in (storage.recorded, storage.sheet, storage.has_sheet):
            with or_a_message():
                read(JOB)
        with or_a_message():
            list(storage.jobs())


@EVERY_TIME
@given(
    name=st.sampled_from(SWEEP_FILES),
    content=CONTENTS | st.none() | LINES,
)
@example(name=LEDGER_FILE, content=b'{"event": "closed", "at": 1}\n')
@example(name=LEDGER_FILE, content=b'{"event": "ended", "at": 1, "job": "x"}\n')
@example(name=ORIGIN_FILE, content=b'{"version": "x", "layout": "y"}')
@example(name=ORIGIN_FILE, content=b'{"version": "x", "layout": 1, "methods": ["ga"]}')
def test_a_file_of_a_sweep(name: str, content: bytes | list[str] | None) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        spoil(folder / name, content)
        with or_a_message():
            read_members(folder)
        with or_a_message():
            read_usage(folder, BudgetSettings())
        with or_a_message():
            read_config(folder)
        with or_a_message():
            check_journal(folder / JOURNAL)
        with or_a_message():
            sweep_identity(folder)


def spoil(file: Path, content: bytes | list[str] | None) -> None:
    """Writes the content, as sealed lines if it is lines, or makes a folder in the file's place."""
    if content is None:
        file.mkdir()
        return
    if isinstance(content, list):
        append_all(file, [line for line in content if line.startswith('{"')], wait=at_once)
        return
    with suppress(FileNotFoundError):
        file.unlink()
    file.write_bytes(content)
