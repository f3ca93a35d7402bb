"""The command line that shows a sweep: what it refuses, what it says, how it ends."""

import os
import re
import signal
import threading
import time
import urllib.request

import pytest

from orchestrator.watch import main
from orchestrator.watching.server import PageServer


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_the_page_is_and_ends_quietly(
    stored_sweep, capsys, monkeypatch, sign
) -> None:
    folder, seen = stored_sweep().folder, []
    serve = PageServer.serve_forever

    def look(url: str) -> None:
        with urllib.request.urlopen(url, timeout=60) as answer:
            seen.append(answer.read().decode())
        time.sleep(0.05)
        os.kill(os.getpid(), sign)

    def served(server: PageServer, poll_interval: float) -> None:
        threading.Thread(target=look, args=[server.url]).start()
        serve(server, poll_interval)

    monkeypatch.setattr(PageServer, "serve_forever", served)
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert main([str(folder), "--port", "0"]) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    said = capsys.readouterr()
    assert re.match(r"Open http://127\.0\.0\.1:[1-9]\d+/ in a browser", said.out)
    assert said.err == ""
    assert "The baselines are not both done" in seen[0]


def test_what_cannot_be_shown_is_refused(stored_sweep, tmp_path, capsys) -> None:
    folder = str(stored_sweep().folder)
    for words, message in (
        ([str(tmp_path)], "DIR must be the folder of a sweep"),
        (["s3://bucket/sweeps/demo"], "run this on the driver's machine"),
        ([folder, "--port", "99999"], "--port must be a port that is free but got 99999"),
    ):
        assert main(words) == 2
        said = capsys.readouterr()
        assert message in said.err
        assert said.out == ""
