"""The entry point: `python -m orchestrator.sweep [CONFIG | --resume DIR] [key=value ...] [--plan]`.

Exit codes: 0 done; 1 failed; 2 the configuration cannot be used, nothing was started; 3 the budget
(trials, or what `budget` limits) has ended and nothing is feasible; 130 interrupted, by SIGINT or
SIGTERM: run the same command again to go on.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from evals.errors import ConfigError
from orchestrator.driver.signals import StopSignals
from orchestrator.storage.masked_traceback import MaskedTraceback
from trainers.disk_full import lacks_room

FAILED, INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a sweep from the command line and returns the exit code."""
    parsed = _parser().parse_intermixed_args(arguments)
    code, signals = FAILED, StopSignals()
    with MaskedTraceback(os.environ) as masked, signals:
        code = _main(parsed, signals, masked)
    if signals.wished and code != INTERRUPTED:
        print("lethe: interrupted; run the same command again to go on", file=sys.stderr)
        return INTERRUPTED
    return code


def _main(parsed: argparse.Namespace, signals: StopSignals, masked: MaskedTraceback) -> int:
    try:
        config, overrides = _split(parsed.words)
        # Imported late, so that --help and a mistyped option answer at once.
        from orchestrator.config.environment import checked_addresses
        from orchestrator.config.loading import load_config, load_resumed
        from orchestrator.driver.main import conduct, show_plan

        if parsed.resume is None:
            settings = load_config(config, overrides, environment=os.environ)
        else:
            _check_alone(config)
            settings = load_resumed(parsed.resume, overrides, environment=os.environ)
        masked.hide([settings.storage, settings.tracking.uri])
        for warning in checked_addresses(settings):
            print(f"lethe: {warning}", file=sys.stderr)
        return show_plan(settings) if parsed.plan else conduct(settings, signals)
    except ConfigError as error:
        print(f"lethe: {masked.cleaned(error)}", file=sys.stderr)
        return 2
    except OSError as error:
        if not lacks_room(error):
            raise
        cure = "make room there, or choose another folder with storage=<folder>"
        said = f"there is no room on the disk to begin: {masked.cleaned(error)}; {cure}"
        print(f"lethe: {said}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.sweep",
        description="Finds, for each unlearning method, the setting that forgets best "
        "while the constraints on what it retains are kept.",
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="CONFIG | key=value",
        help="a sweep's YAML file (default: the offline demo), and settings to override, "
        "such as search.trials=20 methods=[ga,npo]",
    )
    parser.add_argument(
        "--resume",
        metavar="DIR",
        help="go on with the sweep in the folder DIR (<storage>/sweeps/<name>), with the config "
        "that it was begun with; settings that change no trial may be overridden",
    )
    parser.add_argument(
        "--plan", action="store_true", help="show what would run, and start nothing"
    )
    return parser


def _split(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """Returns the config file, if one is named, and the overrides.

    Raises:
        ConfigError: two files are named.
    """
    files = [word for word in words if "=" not in word]
    if len(files) > 1:
        raise ConfigError(
            f"the command line must name one config file but got {' and '.join(files)}; "
            "write overrides as key=value"
        )
    return (files[0] if files else None), [word for word in words if "=" in word]


def _check_alone(config: str | None) -> None:
    if config is not None:
        raise ConfigError(
            f"--resume must be given without a config file but got {config}; leave that out: the "
            "sweep's folder holds its config, and key=value overrides it"
        )


if __name__ == "__main__":
    sys.exit(main())
