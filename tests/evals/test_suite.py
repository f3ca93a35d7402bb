import pytest

from evals import plugins
from evals.suite import PACKAGE, Suite


@pytest.mark.parametrize("name", plugins.names(PACKAGE))
def test_every_suite_offers_all_that_is_asked_of_one(name):
    suite = plugins.load(PACKAGE, name, key="suite").SUITE
    asked = {member for member in vars(Suite) if not member.startswith("_")}
    assert {member for member in asked if not hasattr(suite, member)} == set()
