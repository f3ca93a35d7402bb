import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from orchestrator.reporting.figure_data import figure_data_of
from orchestrator.reporting.page.chart_data import page_data
from orchestrator.reporting.page.page import FILES, embedded, page_text, write_page
from orchestrator.reporting.publish import tables_of
from orchestrator.reporting.selection import everything
from orchestrator.reporting.table import Column, Table
from orchestrator.results.ranking import chosen_axes


class Reader(HTMLParser):
    """Notes elements, the JSON of the page, and whatever it would fetch from elsewhere."""

    def __init__(self):
        super().__init__()
        self.ids, self.open, self.data, self.fetched = [], [], "", []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.open.append((tag, found.get("id")))
        self.ids.append(found.get("id"))
        links = [found.get(name) for name in ("src", "href", "srcset", "action", "data")]
        self.fetched += [v for v in links if v and not v.startswith(("#", "data:"))]

    def handle_data(self, text):
        if self.open and self.open[-1] == ("script", "data"):
            self.data += text


def read(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader


@pytest.fixture
def text(lively):
    return page_text(
        lively, figure_data_of(lively, None), tables_of(lively, None, everything(lively.config))
    )


def test_the_page_holds_its_data_and_asks_for_nothing_else(text, lively):
    page = read(text)
    assert json.loads(page.data) == json.loads(
        json.dumps(page_data(lively, figure_data_of(lively, None)))
    )
    assert page.fetched == []
    assert "@import" not in text
    assert not re.search(r"url\(", text)
    assert "default-src 'none'" in text


def test_what_a_reason_says_cannot_break_out_of_the_page(text):
    assert "bad" not in read(text).ids
    assert "&lt;/script&gt;&lt;b id=&#39;bad&#39;&gt;" in text
    assert "\\u003c/script\\u003e" in text


def test_json_in_a_script_element_has_no_sign_that_ends_it():
    made = str(embedded({"a": "</script><!--&", "b": [1.5, None]}))
    assert not set("<>&") & set(made)
    assert json.loads(made) == {"a": "</script><!--&", "b": [1.5, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        embedded({"a": float("nan")})


def test_all_tables_are_there_under_their_names_also_new_ones(lively):
    new = Table((Column("Method"),), (("npo",),))
    tables = {"new_one": new, "table": new, "trials": new}
    page = read(page_text(lively, figure_data_of(lively, None), tables))
    wanted = ["picture", "table-table", "table-new_one", "charts", "table-trials"]
    assert [found for found in page.ids if found in wanted] == wanted


@pytest.mark.slow
def test_the_first_chart_names_metrics_that_were_asked_for(lively):
    own = chosen_axes(["log_forget_quality", "retain"], lively.config.search, key="axes")
    asked = chosen_axes(["forget", "real"], lively.config.search, key="axes")
    assert "<h3>What was forgotten" in page_text(lively, figure_data_of(lively, None, axes=own), {})
    assert "<h3>Forget against Real" in page_text(
        lively, figure_data_of(lively, None, axes=asked), {}
    )


def test_an_unfinished_sweep_says_what_is_missing(lively):
    gap = "Trials that are not done yet: npo 3 of 8."
    figure_data = figure_data_of(lively, None)
    assert gap in page_text(replace(lively, gaps=(gap,)), figure_data, {})
    assert "Something is missing" not in page_text(lively, figure_data, {})


def test_provenance_and_the_whole_configuration_are_on_the_page(text):
    assert "Data (SHA-256)" in text
    assert "d" * 64 in text
    assert "&#34;forget_people&#34;: 5" in text


def test_a_sweep_without_baselines_has_a_page_too(fakes, tmp_path):
    record = replace(
        fakes.record(), reference=None, entries=(), gaps=("The baselines are not done.",)
    )
    tables = tables_of(record, None, everything(record.config))
    path = write_page(record, figure_data_of(record, None), tables, tmp_path)
    assert path == tmp_path / "report.html"
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert "The baselines are not done." in path.read_text(encoding="utf-8")


def test_the_pages_own_files_cannot_end_the_elements_that_hold_them():
    for file in FILES.glob("*.js"):
        assert "</script" not in file.read_text(encoding="utf-8")
    assert "</style" not in (FILES / "report.css").read_text(encoding="utf-8")


def test_it_opens_with_the_answer(lively):
    figures = figure_data_of(lively, None)
    page = page_text(lively, figures, {}, answer=("npo <forgets> best.", "It keeps Retain."))
    opening = page[: page.index("<nav")]
    assert "<p>npo &lt;forgets&gt; best.</p><p>It keeps Retain.</p>" in opening
    assert 'id="answer"' not in page_text(lively, figures, {})
