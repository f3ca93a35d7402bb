"""DeepSpeed without what a rank has no use for, and in nobody's way who wants that."""

import json
import subprocess
import sys

import pytest

from tests.fixtures.paths import ROOT

LOOK = """
import json, sys
import trainers.engine
from deepspeed.runtime.zero.muon.muon_optimizer import MuonWithAuxAdam
imported = [name for name in ("mlflow", "torch._inductor.compile_fx") if name in sys.modules]
import mlflow, torch
compiled = torch.compile(lambda x: x + 1, backend="eager")
print(json.dumps([imported, mlflow.__name__, compiled(torch.ones(1)).item(), compiled.__name__]))
"""


@pytest.mark.slow
def test_an_engine_needs_neither_mlflow_nor_the_compiler_which_can_be_had_later():
    ran = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1])[:3] == [[], "mlflow", 2.0]
