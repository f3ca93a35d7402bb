import pytest

from evals import plugins
from trainers.family import PACKAGE, Family


@pytest.mark.parametrize("name", plugins.names(PACKAGE))
def test_every_family_offers_all_that_is_asked_of_one(name):
    family = plugins.load(PACKAGE, name, key="model.name").Family
    asked = {member for member in vars(Family) if not member.startswith("_")}
    assert {member for member in asked if not callable(getattr(family, member, None))} == set()
