"""A model card says what was done, what was measured, and what the model answers."""

from dataclasses import replace

import pytest
import yaml

from evals.scores import ScoreSheet
from orchestrator.reproducing.find_row import find_row
from orchestrator.reproducing.model_card import base_model, card_of


@pytest.fixture
def made(stored_sweep):
    return stored_sweep().fill()


def row_of(made, label="ga", lr=2e-3):
    return find_row(made.trial(label, lr=lr).hash, made.storage)


def test_the_card_has_method_setting_and_metrics_beside_the_baselines(made) -> None:
    said = card_of(row_of(made), whole=True).rendered()
    front = yaml.safe_load(said.split("---")[1])
    assert front == {"library_name": "transformers", "tags": ["machine-unlearning", "lethe"]}
    assert ": ga\n" in said
    assert "| lr | 0.002 |" in said
    assert "| l1 | 0.01 |" in said
    assert "| Metric | This model | Original | Gold |" in said
    assert "| Log Forget Quality | 0.00 |" in said
    assert f"job {made.trial('ga', lr=2e-3).hash} of the sweep" in said
    assert "Answers" not in said, "nothing was generated"


def test_a_finalists_card_has_its_intervals_and_no_other_does(made) -> None:
    assert "The same setting under 1 seeds" in card_of(row_of(made), whole=True).text
    assert "The same setting" not in card_of(row_of(made, "npo"), whole=True).text


def test_an_adapters_card_says_what_it_belongs_on(made) -> None:
    card = card_of(row_of(made), whole=False)
    assert card.front["library_name"] == "peft"
    assert (
        f"the sweep's Original, which was fine-tuned on everybody (job {made.original.hash})"
        in (card.text)
    )


def test_answers_stand_beside_those_of_original_and_gold(made, monkeypatch) -> None:
    row = row_of(made)
    told = {row.original: "I *know*", row.gold: "I | don't", row.result.job.hash: "Who?"}
    plain = type(row.storage).sheet

    def sheet(storage, job):
        tasks = plain(storage, job).tasks
        return ScoreSheet(
            tuple(
                replace(t, items=tuple(replace(i, generation=told.get(job)) for i in t.items))
                for t in tasks
            )
        )

    monkeypatch.setattr(type(row.storage), "sheet", sheet)
    lines = card_of(row, whole=True).text.split("## Answers")[1].splitlines()
    rows = [line for line in lines if "Who?" in line]
    assert len(rows) == 5
    assert all(r"I \*know\*" in line and r"I \| don't" in line for line in rows)


def test_the_licence_is_that_of_the_bases_own_card(tmp_path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: llama3.2\n---\n# A model\n")
    base = base_model({"path": str(tmp_path)}, "causal_lm")
    assert (base.name, base.license) == (str(tmp_path), "llama3.2")
    assert base_model({}, "tiny_llama").license is None
    assert base_model({"path": "nobody/nothing"}, "causal_lm").license is None
    (tmp_path / "README.md").write_text("---\nlicense: [\n---\n")
    assert base_model({"path": str(tmp_path)}, "causal_lm").license is None
