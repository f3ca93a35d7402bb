"""Signals in a journal: as they were, and none where there were none."""

import json
import math

from orchestrator.searching.signals import NO_SIGNALS, Signals, known, read, recorded


def test_signals_come_back_from_json_as_they_were() -> None:
    signals = Signals(-0.5, 0.1, 0.2, {"retain.at_least": 0.01})
    assert read(json.loads(json.dumps(recorded(signals)))) == signals


def test_a_record_without_signals_holds_nothing_and_is_read_as_none() -> None:
    assert recorded(NO_SIGNALS) == {}
    assert read({}) == NO_SIGNALS


def test_an_error_that_is_no_number_is_not_known() -> None:
    assert [known(error) for error in (None, math.nan, math.inf, 0.3)] == [0, 0, 0, 0.3]
