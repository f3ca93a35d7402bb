"""ROUGE-L recall in every script.

rouge-score scores, as everybody's published numbers do, but its own tokenizer knows a-z and 0-9
alone: two equal answers in Arabic or Chinese would have nothing in common, and a model that knows
them by heart would look as if it had forgotten them. `Words` gives what that tokenizer gives for
ASCII, and words for all else:

- Text is brought to Unicode's form NFC and to lower case (by case folding, so that ß is ss).
- A word is a letter or digit of any script with the letters, digits and marks that follow it.
  What is never seen (soft hyphens, joiners, marks of direction) goes; a zero-width space divides.
- In scripts that put no space between words every letter with its marks is a word of its own.
- Words of a-z and 0-9 are stemmed by Porter's algorithm, as rouge-score does; no others are.
"""

import functools
import math
from typing import Protocol, cast

import regex

from evals.text.unicode_forms import normal_form

UNSPACED = ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
"""Scripts written without spaces between words."""
_LETTERS = "".join(rf"\p{{scx={script}}}" for script in UNSPACED)
_UNSPACED = rf"[\p{{L}}&&[{_LETTERS}]]\p{{M}}*"
_SPACED = rf"[[\p{{L}}\p{{N}}]--[\p{{L}}&&[{_LETTERS}]]]"
_WORD = regex.compile(rf"{_UNSPACED}|{_SPACED}(?:{_SPACED}|\p{{M}})*", regex.V1)
_UNSEEN = regex.compile(r"[\p{Cf}--\u200b]", regex.V1)


class Words:
    """Cuts text into words, whatever its script; what rouge-score takes as a tokenizer."""

    def __init__(self) -> None:
        # rouge_score drags nltk in and takes seconds to import; likelihood metrics never need it.
        from rouge_score.tokenizers import DefaultTokenizer

        self._ascii = cast(_Tokenizer, DefaultTokenizer(use_stemmer=True))

    def tokenize(self, text: str) -> list[str]:
        """Returns the words of `text`, those of ASCII by their stems."""
        words: list[str] = []
        for word in split(text):
            words += self._ascii.tokenize(word) if word.isascii() else [word]
        return words


def split(text: str) -> list[str]:
    """Returns the words of `text` in lower case, not stemmed; punctuation alone has none."""
    folded = normal_form(normal_form(text).casefold())
    return cast(list[str], _WORD.findall(_UNSEEN.sub("", folded)))


def rouge_recall(truth: str, generation: str) -> float:
    """Returns the share of `truth`'s words in its longest common subsequence with `generation`.

    NaN if the truth has no word, as no generation can then be told from any other.
    """
    if not split(truth):
        return math.nan
    return float(_scorer().score(truth, generation)["rougeL"].recall)


class _Tokenizer(Protocol):
    def tokenize(self, text: str) -> list[str]: ...


class _Recall(Protocol):
    recall: float


class _Scorer(Protocol):
    def score(self, target: str, prediction: str) -> dict[str, _Recall]: ...


@functools.cache
def _scorer() -> _Scorer:
    from rouge_score.rouge_scorer import RougeScorer

    return cast(_Scorer, RougeScorer(["rougeL"], tokenizer=Words()))
