from orchestrator.tracking.failure import first_line


def test_a_failure_is_told_in_a_line():
    aside = "(raised as a result of Query-invoked autoflush; consider ...)"
    assert first_line(ValueError(f"{aside}\nthe disk is full\nmore")) == "the disk is full"
    assert first_line(ValueError()) == "ValueError"
    assert first_line(ValueError("x" * 500)) == "x" * 200 + "..."
