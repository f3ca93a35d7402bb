from orchestrator.reporting.charts.chart_axis import objective_axis
from orchestrator.reporting.figures.canvas import (
    better,
    compress,
    distinct,
    head,
    log_labels,
    new_figure,
    number,
    save,
)


def drawn(folder, title="One"):
    figure = new_figure(3.0)
    head(figure, title, "what it says")
    figure.add_axes((0.1, 0.1, 0.8, 0.5)).plot([0, 1], [0, 1])
    return save(figure, folder, "made")


def test_a_figure_is_saved_as_png_and_pdf_and_nothing_else_is_left(tmp_path):
    paths = drawn(tmp_path)
    assert paths == [tmp_path / "made.png", tmp_path / "made.pdf"]
    assert paths[0].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert paths[1].read_bytes()[:5] == b"%PDF-"
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_equal_figures_are_equal_files_and_others_are_not(tmp_path):
    first = [path.read_bytes() for path in drawn(tmp_path)]
    assert [path.read_bytes() for path in drawn(tmp_path)] == first
    assert [path.read_bytes() for path in drawn(tmp_path, "Two")] != first


def test_the_pdf_embeds_outlines_that_publishers_take(tmp_path):
    text = drawn(tmp_path)[1].read_bytes()
    assert b"/Type3" not in text
    assert b"/Type0" in text


def test_an_axis_that_reaches_far_is_compressed_and_another_is_left():
    axes = new_figure().add_subplot()
    compress(axes, objective_axis([0.0, -9.0]))
    assert axes.get_yscale() == "linear"
    compress(axes, objective_axis([0.0, -400.0]))
    assert axes.get_yscale() == "symlog"


def test_words_and_numbers_are_for_people():
    assert (better(1.0), better(-1.0)) == ("higher is better", "lower is better")
    assert number(-26.17) == "\N{MINUS SIGN}26.2"


def test_numbers_have_as_many_digits_as_tell_them_apart():
    assert distinct([-26.171, -26.174]) == ["\u221226.171", "\u221226.174"]
    assert distinct([0.1, 0.25]) == ["0.1", "0.25"]


def test_round_numbers_of_one_axis_are_written_alike():
    assert log_labels([1e-3, 1e-2]) == ["$10^{-3}$", "$10^{-2}$"]
    assert log_labels([2e-3, 5e-3]) == ["0.002", "0.005"]
    assert log_labels([3e-4, 1e-3]) == ["$3\\cdot10^{-4}$", "$10^{-3}$"]
