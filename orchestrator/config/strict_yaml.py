"""YAML as people mean it: plain values under keys of text, nothing twice, and 1e-5 is a number.

Every document gives a value or one message with line, column and key. What would take for ever
is refused: a document, a text or a number too long, lists in lists in lists, and anchors that
stand for more than anybody writes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from evals.errors import ConfigError, cut, shown

MAX_CHARACTERS = 1 << 20
MAX_TEXT = 10_000
MAX_DEPTH = 40
MAX_VALUES = 50_000
"""Of a whole document, with what its anchors stand for counted wherever they are used."""
MAX_NUMBER = 2**63

STANDARD = "tag:yaml.org,2002:"
MERGE_TAG = STANDARD + "merge"
PLAIN = tuple(STANDARD + name for name in ("null", "bool", "int", "float", "str"))

# What PyYAML raises beside its own errors where a tag does not fit its text.
UNFIT = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True, slots=True)
class Document:
    """What a YAML document says, and on which line each key stands, by its full name."""

    value: Any
    lines: Mapping[str, int]


class StrictLoader(yaml.SafeLoader):
    """Refuses deep nesting and reads floats as YAML 1.2 does."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            problem = f"more than {MAX_DEPTH} levels of lists and mappings"
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, problem, mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


StrictLoader.add_implicit_resolver(
    STANDARD + "float",
    re.compile(r"^[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def parse(text: str, *, source: str) -> Any:
    """Returns the value of the YAML document `text`; see `read`."""
    return read(text, source=source).value


def read(text: str, *, source: str) -> Document:
    """Returns what the YAML document `text` says.

    Raises:
        ConfigError: not YAML, a key given twice or not text, or a value that is no text, number,
            true, false, null, list or mapping; names `source`, line, column and key.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(
            f"{source} must be at most {MAX_CHARACTERS} characters but got {len(text)}; shorten it"
        )
    loader = None
    try:
        loader = StrictLoader(text)
        node = loader.get_single_node()
        values = _Values(loader)
        return Document(None if node is None else values.value(node, ""), values.lines)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = f"the character {chr(error.character)!a}, which YAML does not allow"
        raise _refusal(source, f" at line {line}", problem) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise _refusal(source, _place(mark), cut(problem, limit=400)) from None
    except UNFIT as error:  # escapes of characters that do not exist
        mark = loader.get_mark() if loader is not None else None
        raise _refusal(source, _place(mark), cut(str(error))) from None


class _Values:
    """Makes values of the nodes that YAML's grammar gives, and takes down their lines."""

    def __init__(self, loader: StrictLoader) -> None:
        self._loader = loader
        self._num_values = 0
        self._depth = 0
        self.lines: dict[str, int] = {}

    def value(self, node: yaml.Node, key: str) -> Any:
        """Returns the value of `node`, which stands at `key`."""
        self._num_values += 1
        self._depth += 1
        if self._num_values > MAX_VALUES or self._depth > MAX_DEPTH:
            raise _fault(node, "anchors that stand for more than anybody writes")
        if isinstance(node, yaml.MappingNode) and node.tag == STANDARD + "map":
            found: Any = self._mapping(node, key)
        elif isinstance(node, yaml.SequenceNode) and node.tag == STANDARD + "seq":
            found = [self.value(each, _join(key, i)) for i, each in enumerate(node.value)]
        else:
            found = self._plain(node, key)
        self._depth -= 1
        return found

    def _mapping(self, node: yaml.MappingNode, key: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        inherited: dict[str, Any] = {}
        for name_node, value_node in node.value:
            if name_node.tag == MERGE_TAG:
                inherited |= self._merged(value_node, key)
                continue
            name = self._name(name_node, key)
            if name in found:
                raise _fault(name_node, f"the key {shown(name)} twice")
            self.lines[_join(key, name)] = name_node.start_mark.line + 1
            found[name] = self.value(value_node, _join(key, name))
        return {**inherited, **found}

    def _name(self, node: yaml.Node, key: str) -> str:
        name = self._plain(node, key) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(name, str):
            below = f" below {cut(key)}" if key else ""
            plain = isinstance(node, yaml.ScalarNode)
            written = shown(node.value) if plain else "a list or a mapping"
            meant = f", which YAML takes for {shown(name)} (in quotes it is text)" if plain else ""
            raise _fault(node, f"a key that is not plain text{below}: {written}{meant}")
        return name

    def _merged(self, node: yaml.Node, key: str) -> dict[str, Any]:
        """Returns what `<<: *anchor` or `<<: [*one, *other]` brings; of several the first wins."""
        given = self.value(node, key)
        merged: dict[str, Any] = {}
        for each in reversed(given if isinstance(given, list) else [given]):
            if not isinstance(each, dict):
                raise _fault(node, f"<< must be a mapping but got {shown(each)}")
            merged |= each
        return merged

    def _plain(self, node: yaml.Node, key: str) -> Any:
        """Returns a text, a number, true, false or null."""
        where = cut(key) or "the document"
        if not isinstance(node, yaml.ScalarNode) or node.tag not in PLAIN:
            kind = cut(node.tag.replace(STANDARD, "!!"))
            kind = "a date" if kind == "!!timestamp" else kind
            written = f"{shown(node.value)}, " if isinstance(node, yaml.ScalarNode) else ""
            raise _fault(
                node,
                f"{where} must be text, a number, true, false, null, a list or a mapping but got "
                f"{written}{kind} (in quotes it is text)",
            )
        try:
            value = self._loader.construct_object(node)
        except UNFIT:
            kind = node.tag.removeprefix(STANDARD)
            raise _fault(
                node, f"{where} must be of the kind !!{kind} but got {shown(node.value)}"
            ) from None
        if isinstance(value, int) and abs(value) >= MAX_NUMBER:
            raise _fault(
                node, f"{where} must be a number within 64 bits but got {shown(node.value)}"
            )
        if isinstance(value, str):
            _check_text(node, value, where)
        return value


def _check_text(node: yaml.Node, text: str, where: str) -> None:
    if len(text) > MAX_TEXT:
        raise _fault(node, f"{where} must be at most {MAX_TEXT} characters but got {shown(text)}")
    wrong = re.search("[\0\ud800-\udfff]", text)
    if wrong is not None:
        raise _fault(
            node, f"{where} must be text of whole characters but got {wrong.group()!a} in it"
        )


def _join(key: str, part: str | int) -> str:
    return f"{key}.{part}" if key else str(part)


def _fault(node: yaml.Node, problem: str) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _place(mark: yaml.Mark | None) -> str:
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _refusal(source: str, place: str, problem: str) -> ConfigError:
    return ConfigError(
        f"{source} must be valid YAML but got an error{place}: {problem}; correct it there"
    )
