from dataclasses import replace
from pathlib import Path

from orchestrator.reporting.provenance import command, provenance_of
from orchestrator.searching.constraints import Bound
from orchestrator.storage.records import Storage


def test_it_says_which_sweep_data_and_version_a_table_is_of(fakes):
    found = provenance_of(fakes.record(gaps=("Something is missing.",)))
    assert (found.sweep, found.benchmark, found.model) == ("made", "characters", "tiny_llama")
    assert (found.data, found.version) == ("d" * 64, "1")
    assert found.search_bounds == ("retain >= 0.7 (0.9 x the original's)",)
    assert found.reported_bounds == found.search_bounds, "there are no finalists"
    assert found.gaps == ("Something is missing.",)
    assert found.said == "sweep made: characters, tiny_llama, seed 0, data dddddddddddd, Lethe 1"


def test_finalists_are_held_against_bounds_of_their_own(fakes):
    held = replace(
        fakes.finals(), bounds=(Bound("retain", "at_least", 0.65, "0.9 x the original's"),)
    )
    found = provenance_of(fakes.record(), held)
    assert found.search_bounds == ("retain >= 0.7 (0.9 x the original's)",)
    assert found.reported_bounds == ("retain >= 0.65 (0.9 x the original's)",)


def test_without_baselines_it_invents_nothing(fakes):
    found = provenance_of(replace(fakes.record(), reference=None))
    assert (found.data, found.version, found.search_bounds) == ("", "", ())
    assert found.said.endswith("data unknown, Lethe unknown")


def test_a_command_repeats_each_job_from_the_storage_whatever_that_is_called(fakes):
    record = fakes.record()
    first, second = record.entries[2].result, record.entries[3].result
    one = f"python -m orchestrator.repeat {first.job.hash} --storage /storage/lethe"
    assert command(record, first) == one
    assert command(record, first, second).startswith(f"{one} && python -m orchestrator.repeat ")
    spaced = replace(record, storage=Storage(Path("/the runs")))
    assert command(spaced, first).endswith("--storage '/the runs'")


def test_a_sweep_that_is_kept_at_a_url_says_so_and_is_repeated_from_its_folder_here(fakes):
    record = fakes.record()
    url = record.config.model_copy(update={"storage": "s3://bucket/lethe"})
    there = replace(record, config=url)
    assert provenance_of(there).storage == "s3://bucket/lethe"
    assert command(there, record.entries[2].result).endswith("--storage /storage/lethe")
