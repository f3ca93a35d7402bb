from orchestrator.reporting.row_names import method_of, name_of


def test_the_first_row_of_a_method_goes_by_its_label_and_the_others_by_their_place() -> None:
    assert [name_of("npo", place) for place in (1, 2, 3)] == ["npo", "npo (2)", "npo (3)"]
    assert [method_of(name_of("npo", place)) for place in (1, 2, 3)] == ["npo"] * 3
