"""The entry point: `python -m orchestrator.evaluate MODEL... [--gold MODEL] [key=value ...]`.

Measures checkpoints on a benchmark, with or without a gold model to hold them against, and writes
a table. Exit codes: 0 done; 1 failed, or a score is not finite; 2 it cannot be evaluated; 130
interrupted, by SIGINT or SIGTERM.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial

from evals.errors import ConfigError
from orchestrator.driver.program import DONE, FAILED, REFUSED, ended, say_error
from orchestrator.storage.masked_traceback import MaskedTraceback
from trainers.disk_full import lacks_room

__all__ = ["DONE", "FAILED", "REFUSED", "main"]

EXAMPLES = """\
examples:
  python -m orchestrator.evaluate ./my-model ./other-model --gold ./retrained --config my.yaml
  python -m orchestrator.evaluate 0123456789abcdef --config my.yaml    a job of a sweep
  python -m orchestrator.evaluate ./my-model --metrics retain,forget_rouge,real
  python -m orchestrator.evaluate ./my-adapter --base meta-llama/Llama-3.2-1B-Instruct
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluates checkpoints from the command line and returns the exit code."""
    parsed = _parser().parse_intermixed_args(arguments)
    going_on = "the same command goes on with what is left"
    return ended(partial(_main, parsed), interrupted=going_on)


def _main(parsed: argparse.Namespace, masked: MaskedTraceback) -> int:
    try:
        return _evaluate(parsed, masked)
    except OSError as error:
        if not lacks_room(error):
            raise
        say_error(masked, f"there is no room on the disk: {error}; make room and run it again")
        return FAILED


def _evaluate(parsed: argparse.Namespace, masked: MaskedTraceback) -> int:
    # Imported late, so that --help and a mistyped option answer at once.
    os.environ.setdefault("DS_ACCELERATOR", "cpu")  # DeepSpeed, if not told, says so at length
    from orchestrator.config.environment import checked_addresses
    from orchestrator.config.loading import load_config
    from orchestrator.evaluating.checkpoints import read_checkpoints
    from orchestrator.evaluating.evaluation import judge, whole
    from orchestrator.evaluating.scoreboard import scoreboard
    from orchestrator.reporting.formats.terminal_text import terminal_text
    from orchestrator.reporting.table_files import FORMATS, save
    from orchestrator.storage.address import Address
    from orchestrator.storage.files import evaluation_path
    from orchestrator.storage.records import Storage
    from orchestrator.storage.writable_folder import make_folder
    from orchestrator.tracking.evaluation_run import record_evaluation
    from orchestrator.tracking.session import Place
    from orchestrator.tracking.tracker import Tracker

    models, overrides = _models_and_settings(parsed.words)
    config = whole(
        load_config(parsed.config, overrides, environment=os.environ), metrics=parsed.metrics
    )
    masked.hide([config.storage, config.tracking.uri])
    for warning in checked_addresses(config):
        print(f"lethe: {warning}", file=sys.stderr)
    storage = Storage(config.folder)
    folder = storage.root / evaluation_path(config.name)
    place = Place(f"{config.name} evaluation", folder, storage.root)
    storage.check_writable(config.name)
    Tracker.check(config.tracking, place)
    given = {"base": parsed.base, "environment": os.environ}
    gold = None if parsed.gold is None else read_checkpoints([parsed.gold], storage, **given)[0]
    checkpoints = read_checkpoints(models, storage, **given)
    judged = judge(checkpoints, gold, config, storage, say=_say)
    table = scoreboard(judged)
    make_folder(place.folder)
    files = save(table, place.folder, "table", formats=FORMATS)
    _say(f"\n{terminal_text(table)}\n\nTables: {place.folder}")
    if isinstance(config.storage, Address):
        _say(f"They and the scores stay in {storage.root} and are not brought to the URL.")
    if (missed := record_evaluation(config, judged.entries, place, files=files)) is not None:
        _say(f"lethe: not recorded in MLflow ({missed}); run the same command again to add it")
    if not judged.not_finite:
        return DONE
    print(
        f"lethe: {', '.join(judged.not_finite)} must have finite scores but got nan or inf; see "
        "whether its weights are finite, and try model.dtype=fp32",
        file=sys.stderr,
    )
    return FAILED


def _models_and_settings(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Returns the words that name models, and the settings; a folder may be called like one."""
    from orchestrator.config.words import check_uncut

    check_uncut(words)
    settings = [w for w in words if "=" in w and not os.path.isdir(os.path.expanduser(w))]
    models = [word for word in words if word not in settings]
    if not models:
        raise ConfigError("MODEL must be given but is missing; name a folder, a job or a hub id")
    return models, settings


def _say(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.evaluate",
        description="Measures checkpoints on the benchmark, with the metrics, of a sweep's YAML.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "words",
        nargs="+",
        metavar="MODEL | key=value",
        help="a folder with a saved model or an adapter, a job's hash or folder, or a hub id; "
        "and settings of the YAML to override",
    )
    parser.add_argument(
        "--gold",
        metavar="MODEL",
        help="a model that never saw what is to be forgotten; without one, metrics that compare "
        "with it are left out",
    )
    parser.add_argument(
        "--base", metavar="MODEL", help="what adapters belong on, if they do not say so themselves"
    )
    parser.add_argument(
        "--config", metavar="FILE", help="a sweep's YAML, or the name of one (default: the demo)"
    )
    parser.add_argument(
        "--metrics",
        metavar="NAME,...",
        type=lambda text: [name.strip() for name in text.split(",")],
        help="what to measure, in place of the YAML's evaluation.metrics",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
