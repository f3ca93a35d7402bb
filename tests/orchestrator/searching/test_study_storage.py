"""A journal of another search is refused."""

import pytest

from evals.errors import ConfigError
from orchestrator.searching.space import SearchRange
from tests.orchestrator.searching.test_study import SPACE, begin


def test_a_search_goes_on_with_its_own_journal_only(tmp_path) -> None:
    begin(tmp_path)
    begin(tmp_path, trials=50)
    begin(tmp_path, label="ga", space={"lr": SPACE["lr"]})
    with pytest.raises(ConfigError, match="must be the one this sweep began with"):
        begin(tmp_path, space={**SPACE, "lr": SearchRange(low=1e-6, high=1e-3)})
