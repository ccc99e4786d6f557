"""The averaged perceptron's parts of speech: the very tags that NLTK gives, for many texts at once.

A tag depends on the two before it, so texts are walked in step. What a word and its neighbours say is summed up beforehand;
on the way only what the tags before say is added, for all texts at once. Weights have three decimals, so as whole
thousandths their sums are the same in any order.

Source: Honnibal 2013, as in NLTK (Bird et al. 2009); after Collins 2002.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

EDGE = "\0"
"""What the words that stand before and after a text begin with, as no word of a text does."""
START, END = (f"{EDGE}-START-", f"{EDGE}-START2-"), (f"{EDGE}-END-", f"{EDGE}-END2-")
REMEMBERED = 65_536
"""Words whose features are remembered."""
I64 = npt.NDArray[np.int64]


class Tagger:
    """Tags by weights (of label by feature), the words that have one tag alone, and the labels."""

    def __init__(
        self, weights: Mapping[str, Mapping[str, float]], known: Mapping[str, str], labels: Sequence[str]
    ) -> None:
        self.labels = sorted(labels)
        self.place = {label: number for number, label in enumerate(self.labels)}
        self.known = {word: self.place[tag] for word, tag in known.items()}
        self.row = {feature: number for number, feature in enumerate(weights)}
        # the last row is that of features without a weight
        self.matrix = np.zeros((len(weights) + 1, len(self.place)), np.int32)
        for number, of in enumerate(weights.values()):
            for label, weight in of.items():
                self.matrix[number, self.place[label]] = round(weight * 1000)
        self.before = self._before()
        self.pairs, self.pair = self._pairs(weights)
        self._words: dict[str, tuple[int, ...]] = {}

    def _before(self) -> npt.NDArray[np.int32]:
        """What the tag before and the one before that say: shape (tags, tags, labels); the last two tags are the start's."""
        tags = [*self.labels, *(name.removeprefix(EDGE) for name in START)]
        one, two = (self._rows(f"{name} {tag}" for tag in tags) for name in ("i-1 tag", "i-2 tag"))
        both = self._rows(f"i tag+i-2 tag {a} {b}" for a in tags for b in tags)
        table: npt.NDArray[np.int32] = self.matrix[one][:, None] + self.matrix[two][None]
        return table + self.matrix[both].reshape(table.shape)

    def _pairs(self, weights: Mapping[str, Mapping[str, float]]) -> tuple[dict[str, int], I64]:
        """For words that say something with the tag before them: their place in a table of rows by (word, tag)."""
        tags, pairs = {**self.place, START[0].removeprefix(EDGE): len(self.place)}, dict[str, int]()
        found = [name.split(" ") for name in weights if name.startswith("i-1 tag+i word ")]
        for *_, word in found:
            pairs.setdefault(word, len(pairs))
        table = np.full((len(pairs) + 1, len(tags)), -1)
        for *name, tag, word in found:
            if tag in tags:
                table[pairs[word], tags[tag]] = self.row[" ".join((*name, tag, word))]
        return pairs, table

    def _rows(self, features: Iterable[str]) -> I64:
        return np.array([self.row.get(name, -1) for name in features], np.int64)

    def tag(self, texts: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
        """The tags of the words of each text."""
        if not texts:
            return []
        order = sorted(range(len(texts)), key=lambda text: -len(texts[text]))
        sizes = np.array([len(texts[text]) for text in order], np.int64)
        words = [word for text in order for word in (*START, *texts[text], *END)]
        starts = np.cumsum(np.append(0, sizes[:-1] + 4)) + 2
        tags = np.array([self.known.get(word, -1) for word in words], np.int64)
        inside = np.ones(len(words), bool)
        inside[(starts[:, None] + np.array([-2, -1])).ravel()] = False
        inside[((starts + sizes)[:, None] + np.array([0, 1])).ravel()] = False
        unsure = np.flatnonzero((tags < 0) & inside)
        sums, pairs = self._by_words(words, unsure)
        where = np.zeros(len(words), np.int64)
        where[unsure] = np.arange(unsure.size)
        before, earlier = (np.full(sizes.size, len(self.labels) + number) for number in (0, 1))
        for step in range(int(sizes[0])):
            count = int(np.searchsorted(-sizes, -step))  # texts that have a word here
            here = starts[:count] + step
            asked = np.flatnonzero(tags[here] < 0)
            if asked.size:
                at, tag = where[here[asked]], before[asked]
                scores = sums[at] + self.before[tag, earlier[asked]] + self.matrix[self.pair[pairs[at], tag]]
                best = scores.argmax(axis=1)
                for tie in np.flatnonzero((scores == scores.max(axis=1, keepdims=True)).sum(axis=1) > 1):
                    best[tie] = self._of_equals(
                        words, int(here[asked[tie]]), int(tag[tie]), int(earlier[asked[tie]])
                    )
                tags[here[asked]] = best
            earlier[:count] = before[:count]
            before[:count] = tags[here]
        found: list[tuple[str, ...]] = [()] * len(texts)
        named = [self.labels[tag] for tag in tags.tolist()]
        for text, start, size in zip(order, starts.tolist(), sizes.tolist(), strict=True):
            found[text] = tuple(named[start : start + size])
        return found

    def _of_equals(self, words: Sequence[str], at: int, before: int, earlier: int) -> int:
        """Of labels that are equal to the thousandth the one that comes out on top when floats are added in NLTK's order."""
        tags = [*self.labels, *(name.removeprefix(EDGE) for name in START)]
        one, two, (word, like) = tags[before], tags[earlier], (words[at], _normal(words[at]))
        last, ahead = _normal(words[at - 1]), _normal(words[at + 1])
        names = (
            "bias", f"i suffix {word[-3:]}", f"i pref1 {word[:1]}", f"i-1 tag {one}", f"i-2 tag {two}", f"i tag+i-2 tag {one} {two}",
            f"i word {like}", f"i-1 tag+i word {one} {like}", f"i-1 word {last}", f"i-1 suffix {last[-3:]}",
            f"i-2 word {_normal(words[at - 2])}", f"i+1 word {ahead}", f"i+1 suffix {ahead[-3:]}", f"i+2 word {_normal(words[at + 2])}",
        )  # fmt: skip
        scores = sum(self.matrix[row] / 1000 for row in self._rows(names) if row >= 0)
        # of equals even then the last in the alphabet
        return max(range(len(self.labels)), key=lambda label: (scores[label], label))

    def _by_words(self, words: Sequence[str], unsure: I64) -> tuple[npt.NDArray[np.int32], I64]:
        """What all words near those at some places say of these, and the places of these in the table of pairs."""
        if len(self._words) > REMEMBERED:
            self._words.clear()
        number = {word: at for at, word in enumerate(dict.fromkeys(words))}
        for word in number:
            if word not in self._words:
                self._words[word] = self._features(word)
        rows = np.array([self._words[word] for word in number], np.int64)
        flat = np.array([number[word] for word in words], np.int64)
        here = flat[unsure]
        m = self.matrix
        sums = (m[rows[:, 0]] + m[rows[:, 1]] + m[rows[:, 2]] + m[self.row.get("bias", -1)])[here]
        sums += (m[rows[:, 3]] + m[rows[:, 4]])[flat[unsure - 1]] + m[rows[:, 5]][flat[unsure - 2]]
        sums += (m[rows[:, 6]] + m[rows[:, 7]])[flat[unsure + 1]] + m[rows[:, 8]][flat[unsure + 2]]
        return sums, rows[here, 9]

    def _features(self, word: str) -> tuple[int, ...]:
        """The rows of what a word says about itself (three), the next one (two), the one after that, and those before it; its pairs."""
        like = _normal(word)
        own = (f"i suffix {word[-3:]}", f"i pref1 {word[:1]}", f"i word {like}")
        after = (f"i-1 word {like}", f"i-1 suffix {like[-3:]}", f"i-2 word {like}")
        ahead = (f"i+1 word {like}", f"i+1 suffix {like[-3:]}", f"i+2 word {like}")
        return (*self._rows((*own, *after, *ahead)).tolist(), self.pairs.get(like, -1))


def _normal(word: str) -> str:
    """A word as NLTK's features have it."""
    if word.startswith(EDGE):
        return word.removeprefix(EDGE)
    if "-" in word and word[0] != "-":
        return "!HYPHEN"
    if word.isdigit() and len(word) == 4:
        return "!YEAR"
    return "!DIGITS" if word[:1].isdigit() else word.lower()
