"""Secrets are found wherever a URL has room for them, and nothing else is touched."""

import pytest

from orchestrator.storage.masking import anonymous, basic_form, forms, masked, masked_text, without


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:s3cret@host:5432/db", "postgresql://me:***@host:5432/db"),
        ("postgresql://me:p%40ss@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:p@ss@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:pa/ss@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me:pa#ss@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        (
            "postgresql://host/db?user=me&password=s3cret",
            "postgresql://host/db?user=me&password=***",
        ),
        ("https://ghp_token@host/x", "https://***@host/x"),
        ("https://ghp_token:x-oauth-basic@host/x", "https://***:x-oauth-basic@host/x"),
        ("http://host:5000/x?access_token=abc#y", "http://host:5000/x?access_token=***#y"),
        ("https://host/x#access_token=abc", "https://host/x#access_token=***"),
        ("s3://b/x?key=A&secret=B&endpoint_url=C", "s3://b/x?key=***&secret=***&endpoint_url=C"),
        ("https://h/x?X-Amz-Signature=abc", "https://h/x?X-Amz-Signature=***"),
        ("abfs://c@a.dfs.core.windows.net/x?sv=1&sig=abc", None),
        ("simplecache::ftp://me:s3cret@host/x", "simplecache::ftp://me:***@host/x"),
        ("http://me:${PASSWORD}@host", "http://me:${PASSWORD}@host"),
        ("http://me:${A}${B}@host", "http://me:${A}${B}@host"),
        ("http://me:x${A}@host", "http://me:***@host"),
        ("http://[::1]:5000/a@b", "http://[::1]:5000/a@b"),
        ("sqlite:////tmp/a@b:c/x.db", "sqlite:////tmp/a@b:c/x.db"),
        ("s3://bucket/lethe@2", "s3://bucket/lethe@2"),
    ],
)
def test_secrets_alone_are_masked(url: str, shown: str | None) -> None:
    assert masked(url) == (shown or "abfs://c@a.dfs.core.windows.net/x?sv=1&sig=***")


def test_a_url_is_known_by_all_but_its_secrets() -> None:
    assert anonymous("ftp://me:one@h/x") == anonymous("ftp://me:${PASSWORD}@h/x")
    assert anonymous("ftp://me:one@h/x") != anonymous("ftp://me:one@h/y")


def test_urls_in_a_text_are_masked() -> None:
    said = "no 'http://me:s3cret@host/x' (http://host/y?token=abc): refused"
    assert masked_text(said) == "no 'http://me:***@host/x' (http://host/y?token=***): refused"


def test_a_secret_is_found_in_every_form_that_a_library_may_say() -> None:
    secret = "p%40ss/w\"ö'rd"
    known = {*forms(secret), basic_form("me", secret)}
    plain = "p@ss/w\"ö'rd"
    said = [plain, "p%40ss%2Fw%22%C3%B6%27rd", repr(plain), "p@ss/w\\\"\\u00f6'rd"]
    said.append("Basic " + basic_form("me", secret))
    for each in said:
        assert "***" in without(f"login with {each} failed", known)
        assert "ss" not in without(f"login with {each} was bad", known).replace("was", "")
