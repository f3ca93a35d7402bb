"""What in an environment is a secret, and what only sounds like one."""

from pathlib import Path

import pytest

from orchestrator.storage.environment_secrets import secrets_of
from orchestrator.storage.masking import without

SECRET = "planted-4711-secret"


@pytest.mark.parametrize(
    "name",
    ["HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "WANDB_API_KEY", "AZURE_CLIENT_SECRET"],
)
def test_what_sounds_like_a_secret_is_one_in_every_form(name: str) -> None:
    odd = f"{SECRET} +/é"
    found = secrets_of({name: odd})
    assert without(f"sent {odd}, or {odd!r}", found) == "sent ***, or '***'"
    assert without("planted-4711-secret%20%2B%2F%C3%A9", found) == "***"


def test_what_a_config_refers_to_is_one_whatever_its_name() -> None:
    environment = {"HIDDEN": SECRET, "OTHER": "something-else", "PW": "abcd"}
    assert secrets_of(environment, referred=["HIDDEN", "PW"]) == {SECRET, "abcd"}
    assert secrets_of(environment) == frozenset()


def test_of_a_url_it_is_the_password() -> None:
    assert secrets_of({"DATABASE_URL": f"postgresql://me:{SECRET}@host/db"}) == {SECRET}


def test_folders_files_and_short_texts_are_none(tmp_path: Path) -> None:
    environment = {
        "PWD": "/gone/since/then",
        "SSH_AUTH_SOCK": str(tmp_path),
        "TOKENIZERS_PARALLELISM": "false",
        "XDG_SESSION_ID": "1",
    }
    assert secrets_of(environment) == frozenset()
