"""The Slurm script, run with stand-ins for Slurm, Ray and the sweep that say how they were called.

It starts a head and the other nodes, waits for all of them, and gives the sweep's exit code back.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.fixtures.paths import ROOT

SCRIPT = ROOT / "cluster" / "launch" / "slurm.sh"
STAND_INS = {
    "scontrol": "printf 'n1\\nn2\\nn3\\n'",
    "srun": 'echo "srun $*" >> "$SAID"; while [ "${1#-}" != "$1" ]; do shift; done; exec "$@"',
    "hostname": "echo 10.1.2.3 10.9.9.9",
    "ray": """
case "$1" in
status) echo . >> "$SAID.asked"; asked=$(wc -l < "$SAID.asked")
    for i in 1 2 3; do [ "$i" -gt "$asked" ] || echo " 1 node_$i"; done ;;
start) echo "ray $* at ${RAY_ADDRESS:-no address} ${#RAY_AUTH_TOKEN}" >> "$SAID" ;;
esac""",
    "sleep": "exit 0",
    "python": """
echo "sweep $* at $RAY_ADDRESS after $(wc -l < "$SAID.asked")" >> "$SAID"
[ "$3" = wait ] || exit "$3"
trap 'echo asked to leave >> "$SAID"; exit 130' TERM
touch "$SAID.waits"
while true; do /bin/sleep 0.05; done""",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    for name, text in STAND_INS.items():
        file = tmp_path / name
        file.write_text(f"#!/bin/bash\n{text}\n")
        file.chmod(0o755)
    return {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "SAID": str(tmp_path / "said"),
        "SLURM_JOB_NUM_NODES": "3",
        "SLURM_JOB_NODELIST": "n[1-3]",
        "SLURM_JOB_ID": "40007",
    }


def lines_of(said: Path, *, num_lines: int) -> list[str]:
    """Returns what was called, sorted; what the script has put into the background may be late."""
    for _ in range(200):
        lines = sorted(said.read_text().splitlines())
        if len(lines) >= num_lines:
            break
        time.sleep(0.05)
    return lines


@pytest.mark.parametrize("code", [0, 2, 3])
def test_the_sweep_begins_when_all_nodes_are_there_and_its_exit_code_is_the_jobs(
    environment, code
) -> None:
    ran = subprocess.run([SCRIPT, str(code)], env=environment, timeout=30)
    assert ran.returncode == code
    assert lines_of(Path(environment["SAID"]), num_lines=6) == [
        "ray start --address=10.1.2.3:20007 --block at 10.1.2.3:20007 64",
        "ray start --head --node-ip-address=10.1.2.3 --port=20007 --block at no address 64",
        "srun --nodes=1 --ntasks=1 --nodelist=n1 hostname --ip-address",
        "srun --overlap --nodes=1 --ntasks=1 --nodelist=n1 env -u RAY_ADDRESS ray start --head "
        "--node-ip-address=10.1.2.3 --port=20007 --block",
        "srun --overlap --nodes=2 --ntasks=2 --exclude=n1 ray start --address=10.1.2.3:20007 "
        "--block",
        f"sweep -m orchestrator.sweep {code} at 10.1.2.3:20007 after 3",
    ]


def test_slurms_signal_reaches_the_sweep_which_is_waited_for(environment) -> None:
    job = subprocess.Popen([SCRIPT, "wait"], env=environment)
    said = Path(environment["SAID"])
    waits = said.with_name("said.waits")
    for _ in range(200):
        if waits.exists():
            break
        time.sleep(0.05)
    job.send_signal(signal.SIGTERM)
    assert job.wait(timeout=30) == 130
    assert "asked to leave" in said.read_text().splitlines()
