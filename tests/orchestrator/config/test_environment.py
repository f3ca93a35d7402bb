"""`${NAME}` is read from the environment; secrets stay in addresses, out of what is written."""

import pytest

from evals.errors import ConfigError
from orchestrator.config.environment import checked_addresses
from orchestrator.config.loading import load_config, load_resumed
from orchestrator.config.resume import config_text, write_config
from orchestrator.config.storage_address import working_folder
from orchestrator.storage.address import Address

HAS = {"PW": "hunter22", "SCRATCH": "/scratch/me", "STORE": "s3://bucket/lethe"}


def test_an_address_keeps_its_reference_and_any_other_value_is_replaced() -> None:
    words = [
        "tracking.uri=http://me:${PW}@host",
        "storage=${SCRATCH}/runs",
        "tracking.experiment=a$${b}",
    ]
    config = load_config(None, words, environment=HAS)
    assert config.tracking.uri is not None
    assert config.tracking.uri.used == "http://me:hunter22@host"
    assert str(config.storage) == "/scratch/me/runs"
    assert config.tracking.experiment == "a${b}"
    text = config_text(config)
    assert "hunter22" not in text
    assert '"http://me:${PW}@host"' in text
    assert checked_addresses(config) == ()


def test_yaml_reads_the_environment_too(tmp_path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(
        "name: x\nstorage: ${STORE}/a\ncache: ${SCRATCH}\nbenchmark: characters\n"
        "model: tiny_llama\nmethods: [ga]\n",
        encoding="utf-8",
    )
    config = load_config(str(file), [], environment=HAS)
    assert isinstance(config.storage, Address)
    assert config.storage.used == "s3://bucket/lethe/a"
    assert str(config.cache) == "/scratch/me"
    with pytest.raises(ConfigError, match=r"cache must refer .* \$\{SCRATCH\}, which is not there"):
        load_config(str(file), [])


def test_a_secret_goes_into_no_value_that_is_written() -> None:
    with pytest.raises(
        ConfigError, match=r"tracking.experiment must not be read from \$\{MY_TOKEN\}"
    ):
        load_config(None, ["tracking.experiment=${MY_TOKEN}"], environment={"MY_TOKEN": "abc"})


def test_a_plain_secret_draws_a_warning_and_is_not_written() -> None:
    config = load_config(None, ["tracking.uri=http://me:hunter22@host"])
    [warning] = checked_addresses(config)
    assert warning.startswith("tracking.uri has a secret in plain text, 'http://me:***@host'")
    assert "hunter22" not in config_text(config) + repr(config)


def test_a_resumed_sweep_asks_for_the_secret_again(tmp_path) -> None:
    words = ["name=demo", "tracking.uri=http://me:hunter22@host", f"storage={tmp_path}"]
    config = load_config(None, words)
    folder = tmp_path / "sweeps" / "demo"
    folder.mkdir(parents=True)
    write_config(config, folder)
    resumed = load_resumed(str(folder), [])
    with pytest.raises(ConfigError, match=r"tracking.uri must be given .*tracking.uri=<address>"):
        checked_addresses(resumed)
    again = load_resumed(str(folder), ["tracking.uri=http://me:${PW}@host"], environment=HAS)
    assert checked_addresses(again) == ()


def test_a_sweep_at_a_url_takes_its_secret_again_and_no_other_url(tmp_path) -> None:
    url = "s3://bucket/x?secret=hunter22"
    config = load_config(None, ["name=demo", f"storage={url}", f"cache={tmp_path}"])
    assert "hunter22" not in str(config.folder)
    assert config.folder == working_folder(Address.of("s3://bucket/x?secret=other"), tmp_path)
    folder = config.folder / "sweeps" / "demo"
    folder.mkdir(parents=True)
    write_config(config, folder)
    with pytest.raises(ConfigError, match="storage must be given with its secret"):
        checked_addresses(load_resumed(str(folder), []))
    again = load_resumed(str(folder), [f"storage={url}"])
    assert isinstance(again.storage, Address)
    assert again.storage.used == url
    with pytest.raises(ConfigError, match="storage and name must be those of the folder"):
        load_resumed(str(folder), ["storage=s3://other/x?secret=hunter22"])
