"""DeepSpeed without MLflow: a rank neither waits for it nor is in the way of those who want it."""

import json
import subprocess
import sys

import pytest

from tests.fixtures.paths import ROOT

LOOK = """
import json, sys
import trainers.engine
before = "mlflow" in sys.modules
import mlflow
print(json.dumps([before, mlflow.__name__]))
"""


@pytest.mark.slow
def test_an_engine_is_imported_without_mlflow_which_can_be_imported_later():
    ran = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == [False, "mlflow"]
