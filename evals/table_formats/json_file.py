"""Tables kept as JSON: one list of objects, or one object a line.

Read row by row and strictly: nothing is inferred, a key given twice or a number that JSON does
not know is refused, and of a large file only what has not been given out yet is in memory.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from evals.errors import ConfigError, shown

CHUNK = 1 << 16
"""Characters that are read at once."""
SPACE = " \t\r\n"


def rows(file: Path) -> Iterator[dict[str, Any]]:
    """Returns the rows of the table in `file`, first to last, as they are asked for.

    Raises:
        ConfigError: names file, row and line of what is no JSON, or no row.
    """
    try:
        # Line ends as they are: within a text JSON writes them as \n, so that none is lost.
        with file.open(encoding="utf-8-sig", newline="") as stream:
            buffer = _Buffer(stream)
            found = _of_list(buffer) if buffer.peek() == "[" else _of_lines(buffer)
            for number, value in enumerate(found):
                if not isinstance(value, dict):
                    raise _refusal(
                        file, f"an object at row {number}, line {buffer.line}", shown(value)
                    )
                yield value
    except _Malformed as error:
        raise _refusal(file, f"valid JSON at row {error.row}, line {error.line}", error) from None
    except UnicodeDecodeError as error:
        raise _refusal(file, "text in UTF-8", error) from None
    except OSError as error:
        raise _refusal(file, "a file that can be read", error.strerror) from None


class _Malformed(ValueError):
    """What stands at a row is no JSON."""

    def __init__(self, problem: str, *, row: int, line: int) -> None:
        super().__init__(problem)
        self.row = row
        self.line = line


class _Buffer:
    """Gives one JSON value after the other; `line` is where the last one ended, from 1."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder(
            object_pairs_hook=_unique, parse_constant=_no_number, parse_int=_number
        )
        self.line = 1
        self.row = 0

    def peek(self) -> str:
        """Returns the next character that is not white space; none at the end."""
        while True:
            start = self._at
            while self._at < len(self._text) and self._text[self._at] in SPACE:
                self._at += 1
            self.line += self._text.count("\n", start, self._at)
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def skip(self) -> None:
        """Goes past the character that `peek` gave."""
        self._at += 1

    def value(self) -> Any:
        """Returns the next value."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise self.malformed(error.msg, at=error.pos) from None
            except (ValueError, RecursionError) as error:
                raise self.malformed(str(error)) from None
            else:
                # A number may go on in what has not been read yet.
                if end < len(self._text) or not self._more():
                    self.line += self._text.count("\n", self._at, end)
                    self._at = end
                    self.row += 1
                    return value

    def malformed(self, problem: str, *, at: int = 0) -> _Malformed:
        """Returns the refusal of what stands here, or `at` this place of what is in memory."""
        line = self.line + self._text.count("\n", self._at, at)
        return _Malformed(problem, row=self.row, line=line)

    def _more(self) -> bool:
        """Reads on, as much again as is pending, and returns whether there was anything."""
        pending = self._text[self._at :]
        read = self._stream.read(max(CHUNK, len(pending)))
        self._text, self._at = pending + read, 0
        return read != ""


def _of_list(buffer: _Buffer) -> Iterator[Any]:
    buffer.skip()
    if buffer.peek() != "]":
        yield buffer.value()
        while buffer.peek() == ",":
            buffer.skip()
            yield buffer.value()
    if buffer.peek() != "]":
        raise buffer.malformed("the list does not end")
    buffer.skip()
    if buffer.peek():
        raise buffer.malformed("something stands after the list's end")


def _of_lines(buffer: _Buffer) -> Iterator[Any]:
    while buffer.peek():
        line = buffer.line
        yield buffer.value()
        if buffer.peek() and buffer.line == line:
            raise buffer.malformed("something stands after the object in its line")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{shown(next(k for k in keys if keys.count(k) > 1))} is given twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _number(text: str) -> int:
    if len(text) > 400:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _refusal(file: Path, rule: str, got: object) -> ConfigError:
    return ConfigError(
        f"{file} must be a JSON list of objects, or one object a line, with {rule} but got {got}; "
        f"correct it there, or download the data set again"
    )
