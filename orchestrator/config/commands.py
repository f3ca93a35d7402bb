"""What a person asks of a sweep while it runs: read from words, held against the sweep's config."""

import math
import time
import uuid
from collections.abc import Sequence

from evals.errors import ConfigError, cut, shown, suggestion, unknown_name
from orchestrator.config.strict_yaml import parse
from orchestrator.config.sweep_config import SweepConfig
from orchestrator.searching.space import Point, Searched, Value, is_active
from orchestrator.storage.commands import Command, Verb

USAGE = {
    Verb.STOP: "stop METHOD",
    Verb.PAUSE: "pause",
    Verb.RESUME: "resume",
    Verb.ADD: "add METHOD lr=VALUE l1=VALUE ...",
    Verb.TRIALS: "trials METHOD N",
    Verb.FINISH: "finish",
}
MAX_TRIALS = 10**6
MAX_NOTE = 300


def command_of(words: Sequence[str], config: SweepConfig, *, note: str = "") -> Command:
    """Returns the command that the words stand for, with an id of its own.

    Raises:
        ConfigError: they are none, or one that the sweep cannot obey.
    """
    verb = _verb(words[0])
    label = _label(words[1:], verb)
    command = Command(
        id=uuid.uuid4().hex,
        at=time.time(),
        sweep=config.name,
        verb=verb,
        label=_known(label, config, verb=verb) if label else "",
        trials=_number(words[2]) if verb == Verb.TRIALS else None,
        params=_params(words[2:]) if verb == Verb.ADD else {},
        note=_note(note),
    )
    check_command(command, config)
    return command


def check_command(command: Command, config: SweepConfig) -> None:
    """Refuses a command that the sweep cannot obey, whoever wrote it.

    Raises:
        ConfigError: a method that it has not, a parameter that is not searched, or a value that
            is out of range.
    """
    if command.verb in (Verb.STOP, Verb.ADD, Verb.TRIALS):
        _known(command.label, config, verb=command.verb)
    if command.verb == Verb.TRIALS and command.trials is None:
        raise ConfigError(f"trials must be given with a number; write {USAGE[Verb.TRIALS]}")
    if command.verb == Verb.ADD:
        check_setting(command.params, config, label=command.label)


def check_setting(params: Point, config: SweepConfig, *, label: str) -> None:
    """Refuses a setting that the search of the method `label` could not try.

    Raises:
        ConfigError: names the parameter, the rule, the value and the cure.
    """
    space = config.space(label)
    if not params:
        raise ConfigError(
            f"add {label} must be given with a setting; write add {label} "
            f"{' '.join(f'{name}=VALUE' for name in space)}"
        )
    for name, value in params.items():
        if name not in space:
            near = suggestion(name, space) or "leave it out"
            raise ConfigError(
                f"{name} must be what {label} searches ({', '.join(space)}) but is not; {near}"
            )
        _check_value(name, value, space[name], label=label)
    for name in params:
        if not is_active(space[name], params):
            when = " and ".join(
                f"{n}={' or '.join(map(str, of))}" for n, of in space[name].when.items()
            )
            raise ConfigError(
                f"{name} must stand with {when}, where {label} searches it; add that or leave "
                f"{name} out"
            )


def _check_value(name: str, value: Value, searched: Searched, *, label: str) -> None:
    if not searched.holds(value):
        raise ConfigError(
            f"{name} must be {searched.rule}, as {label} searches it in this sweep, but got "
            f"{shown(value)}; move it in there, or begin a sweep of another name with a wider range"
        )


def _verb(word: str) -> Verb:
    if word not in list(Verb):
        raise unknown_name("the command", word, list(Verb))
    return Verb(word)


def _label(rest: Sequence[str], verb: Verb) -> str:
    """Returns the method among the words behind the command, which must be as many as it takes."""
    takes = {Verb.STOP: 1, Verb.TRIALS: 2, Verb.PAUSE: 0, Verb.RESUME: 0, Verb.FINISH: 0}
    fits = len(rest) == takes[verb] if verb in takes else len(rest) >= 1 and "=" not in rest[0]
    if not fits:
        got = " ".join((verb, *rest))
        raise ConfigError(f"the command must be {USAGE[verb]!r} but got {shown(got)}; write that")
    return rest[0] if rest else ""


def _known(label: str, config: SweepConfig, *, verb: str) -> str:
    if label not in config.methods:
        raise unknown_name(f"{verb} METHOD", label, config.methods)
    return label


def _number(text: str) -> int:
    said = text.strip()
    number = int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0
    if not 1 <= number <= MAX_TRIALS:
        raise ConfigError(
            f"trials METHOD N must be a whole number from 1 to {MAX_TRIALS} but got {shown(text)}; "
            "to end the search of a method where it is, write stop METHOD"
        )
    return number


def _params(words: Sequence[str]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for word in words:
        before, equals, text = word.partition("=")
        name = before.strip()
        if not equals or not name:
            raise ConfigError(
                f"a setting must be name=value but got {shown(word)}; write it like lr=1e-3"
            )
        if name in found:
            raise ConfigError(f"{cut(name)} must be given once but stands there twice; choose one")
        value = parse(text, source=f"the setting {shown(word)}")
        is_number = not isinstance(value, float) or math.isfinite(value)
        if not isinstance(value, bool | int | float | str) or not is_number:
            raise ConfigError(
                f"{cut(name)} must be one finite value but got {shown(text)}; write it like lr=1e-3"
            )
        found[name] = value
    return found


def _note(text: str) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in text).strip()
    if len(plain) > MAX_NOTE:
        raise ConfigError(
            f"--note must be at most {MAX_NOTE} characters but got {len(plain)}; shorten it"
        )
    return plain
