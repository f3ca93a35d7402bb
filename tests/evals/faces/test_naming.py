"""People are found by their names, whatever code points these are written in."""

import pytest

from evals.errors import ConfigError
from evals.faces.naming import check_names_differ, normal_name, numbers_of

NFC, NFD = "Jos\u00e9", "Jose\u0301"
KNOWN = {NFC: 0, "李明": 1, "Zoë": 2}


def numbers(*asked: str) -> tuple[int, ...]:
    return numbers_of(asked, KNOWN, key="benchmark.forget", where="here")


def test_names_are_compared_in_one_normal_form() -> None:
    assert normal_name(NFD) == NFC
    assert numbers("李明", NFD) == (0, 1)
    assert numbers() == ()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["Zoe"], r"benchmark.forget must be people of here but got 'Zoe'; did you mean 'Zoë'\?"),
        (["x"], r"but got 'x'; there are 'Jos.', 'Zoë', '李明'$"),
        ([NFC, NFD], "must name everybody once but got 'Jos.' twice"),
    ],
)
def test_who_is_not_there_or_named_twice_is_refused(asked, said) -> None:
    with pytest.raises(ConfigError, match=said):
        numbers(*asked)


@pytest.mark.parametrize("twins", [(NFC, NFD), ("anna", "Anna"), ("Straße", "STRASSE")])
def test_names_that_hardly_differ_are_refused(twins) -> None:
    check_names_differ([twins[0], "Bo", twins[0]], where="here")
    with pytest.raises(ConfigError, match="^here must hold people whose names differ by more"):
        check_names_differ([twins[0], "Bo", twins[1]], where="here")
