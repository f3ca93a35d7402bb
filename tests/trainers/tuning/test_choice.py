from trainers.settings import AdapterSettings
from trainers.tuning.adapter import AdapterTuning
from trainers.tuning.choice import build_tuning
from trainers.tuning.full import FullTuning


def test_no_adapter_is_full_fine_tuning():
    assert isinstance(build_tuning(None, seed=0), FullTuning)
    assert isinstance(build_tuning(AdapterSettings(), seed=0), AdapterTuning)
