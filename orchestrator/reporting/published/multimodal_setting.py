"""The setting that CLEAR's Tables 3 and 4 have in common, and in what a sweep's recipe differs."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from orchestrator.config.sweep_config import SweepConfig
from orchestrator.reporting.published.differences import recipe_differences, said
from orchestrator.reporting.published.recipe import lora_recipe

BENCHMARK, MODEL, HUB = "clear", "llava-1.5-7b", "therem/CLEAR"
FORGET = "forget10"
MAX_ITEMS = 300
"""The p-value behind forget quality depends on how many items there are."""
SOURCE = "arXiv 2410.18057, first version, one run each"
VARIANT = "_clear_repo"
NAMES: Mapping[str, str] = {
    "retain_ft": "Retain FT",
    **{n: n.upper() for n in ("ga", "gd", "kl", "idk", "dpo", "npo", "scrub", "rmu", "llmu")},
}


def setting_mismatches(config: SweepConfig) -> Iterator[str]:
    """Yields for what a sweep cannot be held against either table."""
    if config.benchmark.name != BENCHMARK:
        yield f"the benchmark is {config.benchmark.name}, not {BENCHMARK}"
        return
    forget = config.benchmark.settings["forget"]
    if forget != FORGET:
        yield f"benchmark.forget is {said(forget)}, not {FORGET}"
    if config.evaluation.max_items != MAX_ITEMS:
        yield f"evaluation.max_items is {config.evaluation.max_items}, not {MAX_ITEMS}"
    path = config.model.settings.get("path")
    last = PurePosixPath(str(path)).name.lower()
    if config.model.name != "vision_language" or not last.startswith(MODEL):
        yield f"the model is {path or config.model.name}, not {MODEL}"


def setting_differences(config: SweepConfig) -> list[str]:
    """Returns in which parts of the recipe a sweep differs from what was published (appendix H)."""
    found = recipe_differences(lora_recipe(config, epochs=3.0, batch_size=12))
    path = str(config.benchmark.settings["path"])
    if path != HUB:
        found.append(f"data of {path} here, {HUB} there")
    found.append("one question for each caption here, one drawn anew each time there")
    found.append("as many steps for each modality here, as many epochs there")
    return found


def name_there(method: str) -> str:
    """Returns what the paper calls a method, or the one whose published code it follows."""
    return NAMES.get(method.removesuffix(VARIANT), "")
