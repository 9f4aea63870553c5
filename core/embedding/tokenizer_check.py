"""Check that a checkpoint's tokenizer is the one that its text tower was trained with.

Libraries build an empty tokenizer where its files are missing; then all words have the same vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from core.errors import WeightsUnavailable

#: Two texts that every tokenizer of product names tells apart.
_PAIR = ("red chair", "red lamp")
#: Text with known tokens, and these tokens without the first and last, by size of the vocabulary:
#: CLIP's byte pairs, and BERT's word pieces of English in small letters.
_SENTENCE = "a photo of a cat"
_TOKENS = {
    49408: (320, 1125, 539, 320, 2368),
    30522: (1037, 6302, 1997, 1037, 4937),
}
#: Smallest share of the model's vocabulary that its tokenizer must know.
_LEAST = 0.9


def check_tokenizer(
    ids: Callable[[Sequence[str]], Tensor], size: int, vocabulary: int, title: str
) -> None:
    """Check a tokenizer with texts whose tokens are known.

    Args:
        ids: Texts → their tokens, ``[n, length] int``.
        size: Number of tokens that the tokenizer knows.
        vocabulary: Number of tokens that the text tower knows.
        title: Name of the model, for people.

    Raises:
        WeightsUnavailable: The tokenizer is not the model's; the sentence says what is missing.
    """
    if size < _LEAST * vocabulary:
        raise WeightsUnavailable(
            f"{title}: the tokenizer knows {size} of {vocabulary} tokens, so its files are missing "
            "or not the model's; get the checkpoint with its tokenizer files (tokenizer.json, or "
            "vocab.json and merges.txt, or vocab.txt, or a .model file)."
        )
    last = int(ids([_SENTENCE]).max())
    if last >= vocabulary:
        raise WeightsUnavailable(
            f"{title}: the tokenizer gives the token {last}, but the model knows {vocabulary} "
            "tokens only; get the checkpoint with its own tokenizer files."
        )
    first, second = ids(_PAIR)
    if bool((first == second).all()):
        raise WeightsUnavailable(
            f"{title}: the tokenizer reads “{_PAIR[0]}” and “{_PAIR[1]}” alike, so its files are "
            "not the model's; get the checkpoint with its tokenizer files."
        )
    expected = _TOKENS.get(vocabulary)
    read = ids([_SENTENCE])[0].tolist()
    if expected and tuple(read[1 : 1 + len(expected)]) != expected:
        raise WeightsUnavailable(
            f"{title}: the tokenizer reads “{_SENTENCE}” as {read[:7]}, which is not how the model "
            "learnt to read; get the checkpoint with its own tokenizer files."
        )


def vocabulary_of(network: nn.Module) -> int:
    """Return the number of tokens that a model's largest table of embeddings has."""
    tables = (part for part in network.modules() if isinstance(part, nn.Embedding))
    return max((table.num_embeddings for table in tables), default=0)
