import torch

from trainers.memory import forget_peak, peak_bytes, resident_bytes

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


def test_what_is_held_grows_and_shrinks_with_a_tensor():
    before = resident_bytes()
    held = torch.ones(2**25)
    with_it = resident_bytes()
    assert with_it - before > 0.9 * held.nbytes
    del held
    assert with_it - resident_bytes() > 0.9 * 2**27
