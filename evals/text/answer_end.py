"""Where an answer ends among the tokens of a rendered text."""

from collections.abc import Set

from transformers import PreTrainedTokenizerBase


def special_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Returns the ids of tokens that stand for no text, any of which closes an answer."""
    added = tokenizer.added_tokens_decoder.items()
    special = {token_id for token_id, token in added if token.special}
    return frozenset({tokenizer.eos_token_id, *tokenizer.all_special_ids} | special)


def closed(
    ids: list[int], ends: list[int], *, after: int, special: Set[int], eos: int
) -> list[int]:
    """Returns `ids` up to the first special token behind character `after`, or with `eos`.

    `ends` says where each id's text ends.
    """
    behind = [i for i, end in enumerate(ends) if end > after]
    for position in behind:
        if ids[position] in special:
            return ids[: position + 1]
    return ids[: behind[0] if behind else len(ids)] + [eos]
