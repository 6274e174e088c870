"""Work that one thread does alone: what instrumentation costs where nothing is shared."""

from __future__ import annotations

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789+-.eE"
TEXT = '{"name": "holdfast", "list": [1, 2.5, -3e4, true, false, null], "deep": {"a": ["b"]}} ' * 40


class Point:
    def __init__(self) -> None:
        self.x = 0
        self.y = 0


def update_attributes(turns: int = 10_000) -> int:
    point = Point()
    for turn in range(turns):
        point.x = turn
        point.y = point.x + point.y
    return point.y


class Tokeniser:
    """Splits JSON text into tokens, one character after the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []

    def run(self) -> list[tuple[str, str]]:
        text, place, end = self.text, 0, len(self.text)
        while place < end:
            letter = text[place]
            if letter in " \n\t":
                place += 1
            elif letter in "{}[],:":
                self.tokens.append(("mark", letter))
                place += 1
            elif letter == '"':
                place = self.string(place + 1)
            elif letter in DIGITS:
                place = self.word("number", place, DIGITS)
            else:
                place = self.word("name", place, LETTERS)
        return self.tokens

    def string(self, start: int) -> int:
        text, place = self.text, start
        while text[place] != '"':
            place += 2 if text[place] == "\\" else 1
        self.tokens.append(("string", text[start:place]))
        return place + 1

    def word(self, kind: str, start: int, letters: str) -> int:
        text, place = self.text, start
        while text[place] in letters:
            place += 1
        self.tokens.append((kind, text[start:place]))
        return place


def tokenise() -> int:
    return len(Tokeniser(TEXT).run())
