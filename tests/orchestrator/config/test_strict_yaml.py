import pytest

from evals.errors import ConfigError
from orchestrator.config.strict_yaml import parse, read


def test_a_merge_key_brings_what_is_not_said():
    text = "base: &base {lr: 1e-5, epochs: 3}\ntraining: {<<: *base, epochs: 1}"
    assert parse(text, source="x")["training"] == {"lr": 1e-5, "epochs": 1}


def test_of_several_merged_mappings_the_first_wins():
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}"
    assert parse(text, source="x")["c"] == {"x": 1, "y": 2}


def test_a_merge_of_something_else_is_refused():
    with pytest.raises(ConfigError, match="<< must be a mapping but got 3"):
        parse("a: {<<: 3}", source="x")


def test_a_key_given_twice_is_refused():
    with pytest.raises(ConfigError, match="x must be valid YAML .*line 2, column 1.*'a' twice"):
        parse("a: 1\na: 2", source="x")


def bomb() -> str:
    """Returns ten anchors of ten times the one before."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for name, last in zip("bcdefghij", "abcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("b: 1\na: 2026-13-45", "line 2, column 4: a must be text, .* got '2026-13-45', a date"),
        ("a: {b: 2026-01-01}", "line 1, column 8: a.b must be text, .* got '2026-01-01', a date"),
        ("a: !!bool x", "line 1, column 4: a must be of the kind !!bool but got 'x'"),
        ("a: !!int ''", "a must be of the kind !!int but got ''"),
        ("a: !!float x", "a must be of the kind !!float but got 'x'"),
        ("a: !!timestamp x", "a must be text, .* but got 'x', a date"),
        ("a: [1, !!binary x]", "a.1 must be text, .* but got 'x', !!binary"),
        ("a: !!set {b}", "a must be text, .* but got !!set"),
        ("a: !!python/object:os.system b", "a must be text, .*!!python/object:os.system"),
        ("a: =", "a must be text, .* but got '=', !!value"),
        ("a: !!map b", "a must be text, .* but got 'b', !!map"),
        ("a: " + "9" * 5000, r"a must be of the kind !!int but got '9+'\.\.\. \(5000 char"),
        ("a: 9223372036854775808", "a must be a number within 64 bits but got '9223372036"),
        ("a:\n  on: 1", "line 2, column 3: a key that is not plain text below a: 'on', .*True"),
        ("2026: 1", "line 1, column 1: a key that is not plain text: '2026', which YAML takes"),
        ("? [a]\n: 1", "a key that is not plain text: a list or a mapping"),
        ('a: "\\ud800"', "a must be text of whole characters but got '.*ud800' in it"),
        ('a: "\\0"', "a must be text of whole characters but got '.*x00' in it"),
        ('"\\0": 1', "must be text of whole characters but got '.*x00' in it"),
        ('a: "\\UFFFFFFFF"', "line 1, column 7: "),
        ("a: 1\nb: \x00", "line 2: the character '.*x00', which YAML does not allow"),
        ("a: \ud800", "line 1: the character '.*ud800', which YAML does not allow"),
        ("[" * 100_000, "line 1, column 41: more than 40 levels of lists and mappings"),
        ("- " * 5000, "line 1, column 81: more than 40 levels of lists and mappings"),
        ("a: &a [*a]", "anchors that stand for more than anybody writes"),
        (bomb(), "anchors that stand for more than anybody writes"),
        ("a: " + "x" * 20_000, r"a must be at most 10000 characters but got .* \(20000 char"),
        ("%YAML 9" + "9" * 5000 + ".1\n---\na", "line 1, column 7: "),
        ("a: 1\n--- b", "line 2, column 1: but found another document"),
        ("a: *b", "line 1, column 4: found undefined alias 'b'"),
    ],
)
def test_what_cannot_be_read_is_one_short_message_with_its_place(text: str, said: str):
    with pytest.raises(
        ConfigError, match=f"^x must be valid YAML but got an error.*{said}"
    ) as caught:
        parse(text, source="x")
    assert len(str(caught.value)) < 500


def test_a_document_without_end_is_refused():
    with pytest.raises(ConfigError, match="x must be at most 1048576 characters but got 2000000"):
        parse("a" * 2_000_000, source="x")


def test_lines_are_known_by_the_full_names_of_keys():
    text = "a: 1\nb:\n  c: [1, {d: 2}]\n  'on': 3"
    document = read(text, source="x")
    assert document.value == {"a": 1, "b": {"c": [1, {"d": 2}], "on": 3}}
    assert document.lines == {"a": 1, "b": 2, "b.c": 3, "b.c.1.d": 3, "b.on": 4}


def test_an_anchor_gives_a_value_of_its_own_wherever_it_is_used():
    found = parse("a: &a {x: [1]}\nb: *a", source="x")
    assert found == {"a": {"x": [1]}, "b": {"x": [1]}}
    assert found["a"]["x"] is not found["b"]["x"]


def test_plain_values_are_what_yaml_says():
    text = "[~, null, true, no, 1, -2, 0x10, 1.5, 1e-5, .inf, '1', !!str 1, a b]"
    expected = [None, None, True, False, 1, -2, 16, 1.5, 1e-5, float("inf"), "1", "1", "a b"]
    assert parse(text, source="x") == expected
