"""The entry point: `python -m orchestrator.watch DIR [--port PORT]`.

Shows a sweep in a browser, while it runs and when it is over: the page of its report with what
there is so far, and above it what goes on. It reads the sweep's folder and writes nothing. Exit
codes: 0 it was ended, by SIGINT or SIGTERM; 2 DIR is no sweep, or the port cannot be used.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from orchestrator.driver.program import DONE, REFUSED, ended

__all__ = ["DONE", "REFUSED", "main"]

PORT = 8384


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves the page until it is ended, and returns the exit code."""
    parsed = _parser().parse_args(arguments)
    return ended(lambda _masked: _main(parsed))


def _main(parsed: argparse.Namespace) -> int:
    try:
        _serve(parsed)
    except KeyboardInterrupt:
        print()
    return DONE


def _serve(parsed: argparse.Namespace) -> None:
    # Imported late, so that --help and a mistyped option answer at once.
    from orchestrator.config.storage_address import check_no_url
    from orchestrator.watching.live_page import LivePage
    from orchestrator.watching.server import PageServer

    check_no_url(parsed.sweep, option="DIR")
    with PageServer(LivePage(parsed.sweep, environment=os.environ), port=parsed.port) as server:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        print(f"Open {server.url} in a browser on this machine; Ctrl-C ends it", flush=True)
        server.serve_forever(poll_interval=0.2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m orchestrator.watch",
        description="Shows a sweep in a browser on this machine, while it runs or when it is over.",
        epilog="example: python -m orchestrator.watch runs/sweeps/demo, then open the address that "
        "it prints. To see a sweep on another machine: ssh -L 8384:127.0.0.1:8384 that-machine",
    )
    parser.add_argument(
        "sweep", metavar="DIR", help="the sweep's folder, <storage>/sweeps/<name>, or its name"
    )
    parser.add_argument(
        "--port", type=int, default=PORT, help=f"default: {PORT}; 0 takes one that is free"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
