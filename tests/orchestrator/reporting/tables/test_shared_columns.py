from evals import plugins
from evals.metric import PACKAGE
from orchestrator.reporting.tables.shared_columns import (
    further,
    metric_column,
    metric_names,
    metric_title,
)


def test_clears_metrics_come_first_and_in_its_order():
    measured = [{"forget_rouge": 1, "log_forget_quality": 1}, {"retain": 1, "real": 1}]
    assert metric_names(measured) == (["real", "retain", "log_forget_quality"], ["forget_rouge"])


def test_every_metric_can_be_explained():
    notes = {n: metric_column(n, explained=True).note for n in plugins.names(PACKAGE)}
    assert all(notes.values())
    assert "without ROUGE" in notes["retain"]
    assert "ROUGE included" in notes["retain_with_rouge"]
    assert metric_column("retain").note == ""


def test_columns_are_known_by_the_metrics_name():
    column = metric_column("log_forget_quality")
    assert (column.heading, column.name) == ("Log Forget Quality", "log_forget_quality")
    assert metric_column("forget_rouge").heading == "forget_rouge"


def test_a_metric_is_shown_with_as_many_digits_as_it_says():
    assert metric_column("retain_rouge").shown_as == "z.3f"
    assert metric_column("log10_forget_quality").shown_as == "z.2f"


def test_titles_of_figures_have_spaces():
    assert metric_title("log_forget_quality") == "Log Forget Quality"
    assert metric_title("model_utility") == "model utility"


def test_learning_rate_and_l1_have_columns_of_their_own():
    assert further([{"lr": 1, "l1": 0, "beta": 1}, None, {"alpha": 2, "beta": 3}]) == [
        "beta",
        "alpha",
    ]
