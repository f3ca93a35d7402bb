"""Which rows are to be forgotten."""

import pytest

from evals.errors import ConfigError
from evals.multimodal.example import Example
from evals.multimodal.forgetting import Modality, forget_rows, forget_splits

TEXT = [Example(f"t{k}", "?", f"{k}") for k in range(2)]
VISUAL = [Example(f"v{k}", "?", f"{k}") for k in range(3)]


def test_as_many_rows_are_forgotten_whatever_the_modality() -> None:
    found = {m: [row.id for row in forget_rows(TEXT, VISUAL, m)] for m in Modality}
    assert found == {
        Modality.BOTH: ["t0", "t1", "v0", "v1", "v2"],
        Modality.TEXT: ["t0", "t1", "t0~2", "t1~2", "t0~3"],
        Modality.VISUAL: ["v0", "v1", "v2", "v0~2", "v1~2"],
    }


def test_a_row_that_comes_again_asks_the_same() -> None:
    again = forget_rows(TEXT, VISUAL, Modality.TEXT)[2]
    assert (again.question, again.answer) == ("?", "0")


def test_there_is_a_split_of_each_modality_beside_that_of_the_setting() -> None:
    found = forget_splits(TEXT, VISUAL, Modality.TEXT)
    assert list(found) == ["forget", "forget_text", "forget_visual", "forget_both"]
    assert found["forget"] == found["forget_text"]
    assert {len(rows) for rows in found.values()} == {5}


def test_a_modality_without_rows_is_no_part_and_is_refused() -> None:
    assert list(forget_splits(TEXT, [], Modality.BOTH)) == ["forget", "forget_text", "forget_both"]
    with pytest.raises(ConfigError, match=r"benchmark\.forget_modality .* but got 'visual', of wh"):
        forget_splits(TEXT, [], Modality.VISUAL)
