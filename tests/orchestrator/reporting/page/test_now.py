"""What the page says of now is text, whatever a job or a person has called it."""

from orchestrator.reporting.page.now import (
    Count,
    Failed,
    Now,
    Running,
    drawn,
    empty_page,
    now_html,
)

BAD = "</script><b id='bad'>\"x\" & 'y'"


def test_nothing_that_it_says_is_markup() -> None:
    made = Now(
        title=BAD,
        state=BAD,
        said=BAD,
        counts=(Count(BAD, 0, 0, BAD),),
        running=(Running(BAD, BAD, BAD, BAD, BAD, "0,0 1,1", BAD),),
        failed=(Failed(BAD, BAD),),
        more_failed=3,
        trouble=BAD,
    )
    for text in (str(now_html(made)), empty_page(made)):
        assert "<b id=" not in text
        assert "</script>" not in text
        assert text.count("&lt;b id=") >= 10
        assert 'max="1"' in text


def test_what_there_is_not_leaves_no_trace() -> None:
    text = now_html(Now("t", "Over:", "the sweep has come to its end."))
    assert "<table" not in text
    assert "<details" not in text


def test_losses_are_drawn_from_the_first_step_to_the_last_and_the_highest_is_on_top() -> None:
    assert drawn([(10, 3.0), (20, 1.0), (30, 2.0)]) == "0.0,1.0 60.0,23.0 120.0,12.0"
    assert drawn([(10, 3.0)]) == ""
    assert drawn([(10, 3.0), (20, 3.0)]) == "0.0,1.0 120.0,1.0"
