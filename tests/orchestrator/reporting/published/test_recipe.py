from orchestrator.config.loading import load_config
from orchestrator.reporting.published.recipe import lora_recipe


def test_both_trainings_and_both_adapters_are_held_against_what_was_published() -> None:
    config = load_config(None, ["baselines.adapter=null", "adapter={rank: 4, alpha: 16}"])
    found = {
        key: (here, there) for key, here, there in lora_recipe(config, epochs=3, batch_size=12)
    }
    assert found["baselines.training.lr"] == (config.baselines.training.lr, 1e-5)
    assert found["training.epochs"] == (config.training.epochs, 3)
    assert found["baselines.training.batch_size"] == (config.baselines.training.batch_size, 12)
    assert found["baselines.adapter"] == (None, "rank 8")
    assert found["adapter.rank"] == (4, 8)
    assert found["adapter.alpha"] == (16.0, 32.0)
