from evals.text import kept_rows
from evals.text.kept_rows import KeptRows


def test_what_was_encoded_is_not_encoded_again():
    calls, kept = [], KeptRows()

    def encode(*texts: str) -> str:
        calls.append(texts)
        return "+".join(texts)

    assert [kept.find(("a", "b"), encode, len) for _ in range(2)] == ["a+b", "a+b"]
    assert kept.find(("a",), encode, len) == "a"
    assert calls == [("a", "b"), ("a",)]


def test_no_more_is_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(kept_rows, "KEPT_TOKENS", 5)
    kept = KeptRows()
    found = {text: kept.find((text,), list, len) for text in ("abc", "defg", "hi")}
    assert kept.find(("abc",), list, len) is found["abc"]
    assert kept.find(("hi",), list, len) is found["hi"]
    again = kept.find(("defg",), list, len)
    assert again == found["defg"]
    assert again is not found["defg"]
