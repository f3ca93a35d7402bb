"""What a person is told by `python -m orchestrator.doctor`."""

import pytest

from orchestrator import doctor
from orchestrator.diagnosing import services
from orchestrator.diagnosing.finding import fails, works


@pytest.mark.parametrize(
    ("found", "code", "verdict"),
    [
        (works("Ray", "this machine"), doctor.HEALTHY, "A sweep can run here: 0 of "),
        (fails("Ray", "no answer", "start it"), doctor.ILL, "A sweep cannot run here yet: 1 of "),
    ],
)
def test_findings_are_shown_and_the_code_is_their_sum(
    found, code, verdict, monkeypatch, tmp_path, capsys
) -> None:
    monkeypatch.setattr(services, "services", lambda: iter([found]))
    assert doctor.main(["--storage", str(tmp_path)]) == code
    said = capsys.readouterr().out
    assert found.line in said
    assert "Python" in said
    assert verdict in said.splitlines()[-1]
