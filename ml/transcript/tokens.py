"""From the decoder's tokens to text: byte-level byte-pair encoding (Radford et al. 2019) read back.

A token is written with one letter per byte: bytes that print stand for themselves, the others for letters from
U+0100 on, so a space is written as the letter G with a dot.
"""

from collections.abc import Sequence
from functools import cache

SPACE = "\u0120"
"""How a token that begins with a space begins."""
UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages that write no spaces between words; there every character stands for itself."""
_CLOSING = frozenset(".,;:!?)]}%…。，、；：！？）】》」』”’\"'")


@cache
def _bytes_by_letter() -> dict[str, int]:
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printed]
    return {chr(byte): byte for byte in printed} | {chr(256 + number): byte for number, byte in enumerate(others)}


def text_of(tokens: Sequence[str]) -> str:
    """The text that tokens stand for; bytes that are no whole character become U+FFFD."""
    letters = _bytes_by_letter()
    return bytes(letters[letter] for token in tokens for letter in token if letter in letters).decode(
        "utf-8", "replace"
    )


def word_lengths(tokens: Sequence[str], language: str) -> list[int]:
    """How many tokens make up each word, in order; they add up to all of them.

    Punctuation belongs to the word before it.
    """
    lengths: list[int] = []
    unread: list[str] = []
    for token in tokens:
        unread.append(token)
        text = text_of(unread)
        if "\N{REPLACEMENT CHARACTER}" in text and len(unread) < 4:
            continue
        begins = language in UNSPACED or unread[0].startswith(SPACE)
        closes = bool(text.strip()) and all(letter in _CLOSING for letter in text.strip())
        if lengths and (not begins or closes):
            lengths[-1] += len(unread)
        else:
            lengths.append(len(unread))
        unread = []
    if unread:
        lengths.append(len(unread))
    return lengths
