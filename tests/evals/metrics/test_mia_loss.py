"""The loss attack: holdout is the positive class, a higher score means "never seen"."""

from collections.abc import Callable
from typing import Any

import pytest

from evals.metric import load_metric

Build = Callable[..., Any]


def test_the_loss_attack_counts_pairs_and_half_the_ties(item: Build, sheet: Build) -> None:
    # Pairs (forget, holdout): 1<2, 1<4, 2=2, 2<4, 3>2, 3<4: (4 + 1/2) / 6.
    scores = sheet(
        forget=[item(str(nll), right=nll) for nll in (1.0, 2.0, 3.0)],
        holdout=[item(str(nll), right=nll) for nll in (4.0, 2.0)],
    )
    assert load_metric("mia_loss").compute(scores, None) == pytest.approx(4.5 / 6)
