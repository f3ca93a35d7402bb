import torch

from trainers.memory import forget_peak, peak_bytes

SIZE = 64 * 2**20


def test_a_peak_is_seen_after_it_is_over_and_forgotten_on_demand():
    forget_peak("cpu")
    before = peak_bytes("cpu")
    held = torch.ones(SIZE // 4)
    del held
    after = peak_bytes("cpu")
    assert after > before + SIZE // 2
    forget_peak("cpu")
    assert peak_bytes("cpu") < after - SIZE // 2
