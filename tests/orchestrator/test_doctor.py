"""What a person is told by `python -m orchestrator.doctor`."""

import pytest

from orchestrator import doctor
from orchestrator.diagnosing import accelerators, services
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


def test_what_cannot_be_looked_at_fails_and_the_rest_is_looked_at(
    monkeypatch, tmp_path, capsys
) -> None:
    def broken():
        raise ModuleNotFoundError("No module named 'torch'")
        yield

    monkeypatch.setattr(accelerators, "accelerators", broken)
    monkeypatch.setattr(services, "services", lambda: iter([works("Ray", "this machine")]))
    assert doctor.main(["--storage", str(tmp_path)]) == doctor.ILL
    said = capsys.readouterr().out
    assert "fails     accelerators       ModuleNotFoundError: No module named 'torch'" in said
    assert works("Ray", "this machine").line in said


def test_the_default_storage_is_looked_at(monkeypatch, checkout, capsys) -> None:
    for module in (accelerators, services):
        monkeypatch.setattr(module, module.__name__.rpartition(".")[2], lambda: iter([]))
    checkout.mkdir()
    doctor.main([])
    assert f"{checkout} can be written to" in capsys.readouterr().out


def test_a_url_is_no_folder_to_look_at(capsys) -> None:
    with pytest.raises(SystemExit):
        doctor.main(["--storage", "s3://bucket/runs"])
    assert "must be a folder but got 's3://bucket/runs'" in capsys.readouterr().err
