"""The entry point: `python -m orchestrator.sweep [CONFIG | --resume DIR] [key=value ...] [--plan]`.

Exit codes: 0 done; 1 failed; 2 the configuration cannot be used, nothing was started; 3 the budget
(trials, or what `budget` limits) has ended and nothing is feasible; 130 interrupted, by SIGINT or
SIGTERM: run the same command again to go on.
"""

import argparse
import os
import sys
import textwrap
import time
from collections.abc import Sequence
from functools import partial

from evals import plugins
from evals.errors import ConfigError
from orchestrator.config.words import split_words
from orchestrator.driver.program import DONE, FAILED, ended, say_error
from orchestrator.driver.signals import StopSignals
from orchestrator.storage.masked_traceback import MaskedTraceback
from trainers.disk_full import lacks_room

PACKAGES = {
    "methods": "trainers.methods",
    "metrics": "evals.metrics",
    "attacks": "evals.attacks",
    "benchmarks": "evals.benchmarks",
    "models": "trainers.models",
}
EXAMPLES = """\
examples:
  python -m orchestrator.sweep --plan                    what the demo would do
  python -m orchestrator.sweep my.yaml search.trials=20  a sweep, with another budget
  python -m orchestrator.sweep 'methods=[ga, npo]'       the demo, with two methods
  python -m orchestrator.sweep --resume runs/sweeps/demo on with what was interrupted
  python -m orchestrator.sweep --keys search             what can be set of the search
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a sweep from the command line and returns the exit code."""
    parsed = _parser().parse_intermixed_args(arguments)
    signals = StopSignals()
    going_on = "run the same command again to go on"
    return ended(partial(_main, parsed, signals), interrupted=going_on, signals=signals)


def _main(parsed: argparse.Namespace, signals: StopSignals, masked: MaskedTraceback) -> int:
    begun = time.monotonic()
    try:
        if parsed.keys is not None:
            from orchestrator.config.keys import keys_text

            print(keys_text(parsed.keys))
            return DONE
        config, overrides = split_words(parsed.words)
        # Imported late, so that --help and a mistyped option answer at once.
        from orchestrator.config.environment import checked_addresses
        from orchestrator.config.loading import load_config, load_resumed
        from orchestrator.config.without_effect import without_effect
        from orchestrator.driver.main import conduct, show_plan

        warnings: list[str] = []
        if parsed.resume is None:
            settings = load_config(config, overrides, environment=os.environ)
            warnings += without_effect(settings)
        else:
            _check_alone(config)
            settings = load_resumed(parsed.resume, overrides, environment=os.environ)
        masked.hide([settings.storage, settings.tracking.uri])
        for warning in (*checked_addresses(settings), *warnings):
            print(f"lethe: {warning}", file=sys.stderr)
        return show_plan(settings) if parsed.plan else conduct(settings, signals, begun=begun)
    except OSError as error:
        if not lacks_room(error):
            raise
        cure = "make room there, or choose another folder with storage=<folder>"
        say_error(masked, f"there is no room on the disk to begin: {error}; {cure}")
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.sweep",
        description="Finds, for each unlearning method, the setting that forgets best\n"
        "while the constraints on what it retains are kept.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="CONFIG | key=value",
        help="a sweep's YAML file, or the name of one of Lethe's own (default: demo), and "
        "settings to override, such as search.trials=20 methods=[ga,npo]",
    )
    parser.add_argument(
        "--resume",
        metavar="DIR",
        help="go on with the sweep in the folder DIR (<storage>/sweeps/<name>), or of that name, "
        "with the config that it was begun with; settings that change no trial may be overridden",
    )
    parser.add_argument(
        "--plan", action="store_true", help="show what would run, and start nothing"
    )
    parser.add_argument(
        "--keys",
        metavar="KEY",
        nargs="?",
        const="",
        help="show every key of the YAML with its default and what it means, or those at KEY, "
        "such as search, gang.ranks or the name of a method; start nothing",
    )
    return parser


def _epilog() -> str:
    lists = [
        textwrap.fill(f"{what}: {', '.join(plugins.names(package))}", 80, subsequent_indent="  ")
        for what, package in PACKAGES.items()
    ]
    return "\n".join([EXAMPLES, *lists])


def _check_alone(config: str | None) -> None:
    if config is not None:
        raise ConfigError(
            f"--resume must be given without a config file but got {config}; leave that out: the "
            "sweep's folder holds its config, and key=value overrides it"
        )


if __name__ == "__main__":
    sys.exit(main())
