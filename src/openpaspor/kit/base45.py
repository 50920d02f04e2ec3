"""Base45 (RFC 9285): bytes as the characters of a QR code's alphanumeric mode."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def encode(content: bytes) -> str:
    text = []
    for start in range(0, len(content) - 1, 2):
        number = content[start] * 256 + content[start + 1]
        text += [ALPHABET[number % 45], ALPHABET[number // 45 % 45], ALPHABET[number // 2025]]
    if len(content) % 2:
        text += [ALPHABET[content[-1] % 45], ALPHABET[content[-1] // 45]]
    return "".join(text)


def decode(text: str) -> bytes:
    """The bytes of `text`, or ValueError: a foreign character, a lone character, or a group too large."""
    if len(text) % 3 == 1:
        raise ValueError("One character is left over.")
    try:
        values = [_VALUES[character] for character in text]
    except KeyError:
        raise ValueError("A character is not in the Base45 alphabet.") from None
    content = bytearray()
    for start in range(0, len(values), 3):
        group = values[start : start + 3]
        number = sum(value * 45**place for place, value in enumerate(group))
        size = len(group) - 1
        if number >= 256**size:
            raise ValueError("A group stands for more than its bytes can hold.")
        content += number.to_bytes(size, "big")
    return bytes(content)
