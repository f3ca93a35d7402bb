import subprocess
import sys

from tests.fixtures.paths import ROOT

PEAKS = """
import torch
from trainers.memory.measured import forget_peak, peak_bytes
forget_peak("cpu")
before = peak_bytes("cpu")
held = torch.ones(2**24)
del held
after = peak_bytes("cpu")
forget_peak("cpu")
print(before, after, peak_bytes("cpu"))
"""


HELD = """
import torch
from trainers.memory.measured import resident_bytes
before = resident_bytes()
held = torch.ones(2**25)
with_it = resident_bytes()
del held
print(before, with_it, resident_bytes())
"""


def measured(code: str) -> list[int]:
    """Runs it in a process of its own: one with much idle memory may lose as much meanwhile."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [int(word) for word in done.stdout.split()]


def test_a_peak_is_seen_after_it_is_over_and_forgotten_on_demand():
    before, after, forgotten = measured(PEAKS)
    size = 4 * 2**24
    assert after > before + size // 2
    assert forgotten < after - size // 2


def test_what_is_held_grows_and_shrinks_with_a_tensor():
    before, with_it, without = measured(HELD)
    size = 4 * 2**25
    assert with_it - before > 0.9 * size
    assert with_it - without > 0.9 * size
