import json
import math

import pytest

from evals.scores import ScoreSheet
from evals.suites.text import SUITE
from orchestrator.tracking.evaluation_table import evaluation_table


def rows(sheet):
    table = json.loads(evaluation_table(sheet, SUITE))
    return [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]


def test_an_item_is_a_row_of_what_was_measured(sheet):
    whole = rows(sheet)[0]
    assert whole == {
        "task": "forget",
        "role": "forget",
        "id": "p00",
        "truth": "Berlin",
        "generation": "Berne",
        "probability": pytest.approx(math.exp(-0.5)),  # 2 nats over 4 tokens
        "nll": 0.5,
        "tokens": 4,
        "paraphrase_nll": 1.0,
        "wrong_nll": 3.0,  # the mean of 4 / 2 and 12 / 3
        "hits": 0.75,
        "truncated": False,
    }


def test_what_is_not_known_is_empty_and_never_a_number(sheet):
    bare = rows(sheet)[1]
    unknown = ("generation", "probability", "nll", "paraphrase_nll", "wrong_nll", "hits")
    assert [bare[name] for name in unknown] == [None] * 6
    assert bare["truncated"] is True


def test_a_sheet_without_items_is_a_table_without_rows():
    assert rows(ScoreSheet(())) == []
