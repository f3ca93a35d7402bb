"""Every suite offers all that `evals.suite` promises of one."""

import pytest

from evals import plugins
from evals.suite import PACKAGE, Suite


@pytest.mark.parametrize("name", plugins.names(PACKAGE))
def test_a_suite_lacks_nothing(name: str) -> None:
    suite = plugins.load(PACKAGE, name, key="suite").SUITE
    promised = {each for each in vars(Suite) if not each.startswith("_")}
    assert {"evaluate", "likelihoods", "columns"} < promised
    assert {each for each in promised if not hasattr(suite, each)} == set()
    for name_of_method in promised - {"task_scores", "sizes", "columns"}:
        assert callable(getattr(suite, name_of_method))
