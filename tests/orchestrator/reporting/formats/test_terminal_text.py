from orchestrator.reporting.formats.terminal_text import terminal_text


def test_the_whole_table_looks_like_the_golden_file(fakes, table):
    fakes.check_golden("table.txt", terminal_text(table))


def test_numbers_stand_to_the_right_and_texts_to_the_left(table):
    lines = terminal_text(table).splitlines()
    end = lines[0].index("Log Forget Quality") + len("Log Forget Quality")
    assert lines[2][:end].endswith(" -61.22")
    assert lines[3].startswith("npo_rt ")
