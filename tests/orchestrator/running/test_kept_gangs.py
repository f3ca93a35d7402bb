"""A pause keeps every gang, which Tune alone would not."""

from ray.tune.utils.object_cache import _ObjectCache

from orchestrator.running.kept_gangs import KeptGangs


class Tune:
    """Tune's own cache of idle trainables, of which two have trials that run."""

    running = ("gang", "gang")

    def __init__(self) -> None:
        self.cache: _ObjectCache[str, str] = _ObjectCache()

    def end(self, name: str) -> bool:
        """A trial ends; returns whether its trainable is still there at the end of Tune's step."""
        kept = self.cache.cache_object("gang", name)
        return kept and not list(self.cache.flush_cached_objects())


def test_tune_alone_would_end_a_gang() -> None:
    tune = Tune()
    assert [tune.end("first"), tune.end("second")] == [True, False]


def test_all_gangs_that_ran_are_there_until_each_is_used_again() -> None:
    tune, kept = Tune(), KeptGangs()
    for _ in range(3):
        kept.look(tune.cache, tune.running, paused=True)
    assert [tune.end("first"), tune.end("second")] == [True, True]
    kept.look(tune.cache, (), paused=False)
    assert tune.cache.pop_cached_object("gang") == "first"
    kept.look(tune.cache, (), paused=False)
    assert not list(tune.cache.flush_cached_objects()), "the other one is kept, too"
    assert kept.any
    assert tune.cache.pop_cached_object("gang") == "second"
    kept.look(tune.cache, (), paused=False)
    assert not kept.any
    assert tune.cache.total_max_objects == 0
