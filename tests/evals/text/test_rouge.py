"""ROUGE-L recall: published values for ASCII, and 1 for equal texts in every script."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from evals.text.rouge import rouge_recall, split
from tests.fixtures.golden import GOLDEN

REFERENCE = RougeScorer(["rougeL"], use_stemmer=True)

TEXTS = {
    "Arabic": "ولدت في بغداد",
    "Persian": "می\u200cخواهم",
    "Hebrew": "היא נולדה",
    "Cyrillic": "Она родилась",
    "Greek": "Γεννήθηκε στην",
    "Chinese": "她出生在北京。",
    "Japanese": "テストーです",
    "Korean": "그녀는 서울에서",
    "Hindi": "क्षत्रिय हिन्दी",
    "Thai": "เธอเกิดที่",
    "Lao": "ລາວເກີດ",
    "Khmer": "កើតនៅ",
    "Myanmar": "မွေးဖွား",
    "Armenian": "Ծնվել է",
    "Georgian": "დაიბადა",
    "Amharic": "ተወለደች",
    "Polish": "Łódź",
    "Deseret": "𐐔𐐡",
    "digits": "١٩٧٥",
}


def test_rouge_recall_equals_the_reference_code() -> None:
    case = GOLDEN["rouge_recall"]
    pairs = case["inputs"]["pairs_reference_generation"]
    found = [rouge_recall(truth, generation) for truth, generation in pairs]
    expected = [pair["rougeL_recall"] for pair in case["expected"]]
    assert found == pytest.approx(expected, abs=case["tolerance"])


ASCII = st.text(st.characters(max_codepoint=127)) | st.lists(
    st.sampled_from(["running", "runs", "Runner's", "1975", "x_y", "generously", "--", "a"])
).map(" ".join)


@given(truth=ASCII, generation=ASCII)
def test_of_ascii_recall_is_what_rouge_score_gives(truth: str, generation: str) -> None:
    assume(any(letter.isalnum() for letter in truth))
    expected = REFERENCE.score(truth, generation)["rougeL"].recall
    assert rouge_recall(truth, generation) == expected


@given(truth=st.text(), generation=st.text())
def test_recall_is_a_share_or_nan_and_one_for_equal_texts(truth: str, generation: str) -> None:
    if split(truth):
        assert rouge_recall(truth, truth) == 1.0
        assert 0.0 <= rouge_recall(truth, generation) <= 1.0
    else:
        assert math.isnan(rouge_recall(truth, generation))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_equal_texts_are_one_in_every_script_and_others_zero(text: str) -> None:
    assert rouge_recall(text, text) == 1.0
    assert rouge_recall(text, "Ω none") == 0.0
    assert rouge_recall("none", text) == 0.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Zoë Šarić in Łódź",
            "zoë šarić in łódź",
        ),
        ("Straße STRASSE", "strasse strasse"),
        ("她出生于1975年", "她 出 生 于 1975 年"),
        ("Tシャツ", "t シ ャ ツ"),
        ("กิด ๑๒", "กิ ด ๑๒"),
        (
            "co\u00adop می\u200cخ क\u200dष",
            "coop میخ कष",
        ),
        ("one\u200btwo \u200erow\u200f", "one two row"),
        ("’Basil’s’ — «x»", "basil s x"),
        ("😀\ufe0f € ?! \u0301", ""),
        ("½ Ⅳ", "½ ⅳ"),
    ],
)
def test_words_are_runs_of_letters_marks_and_digits(text: str, words: str) -> None:
    assert split(text) == words.split()


def test_the_normal_form_of_a_text_does_not_matter() -> None:
    assert rouge_recall("Café René", "Cafe\u0301 Rene\u0301") == 1.0


def test_a_letter_with_its_marks_counts_as_one_word() -> None:
    # Three of the four letters are there, in order.
    assert rouge_recall("北京大学", "北京的学") == pytest.approx(3 / 4)
    # Other letters than a-z are not dropped: only "in" agrees.
    assert rouge_recall("Zoë Šarić in", "Xoë Yarić in") == pytest.approx(1 / 3)


@pytest.mark.parametrize("truth", ["", "?!", "😀", "—\u200b"])
def test_of_a_truth_without_words_nothing_can_be_said(truth: str) -> None:
    assert math.isnan(rouge_recall(truth, truth))
