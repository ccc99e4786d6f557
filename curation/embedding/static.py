"""A static model that ships with the package: a table of token vectors, no network and no torch.

The table (``static.npz``) was made by ``benchmarks/distil_static.py`` from all-MiniLM-L6-v2 (Apache-2.0,
Wang et al. 2020, "MiniLM"; Reimers and Gurevych 2019, "Sentence-BERT"), after the idea of Model2Vec
(Tulkens and van Dongen 2024) and of its fitting step, Tokenlearn: a text is the sum of its tokens' vectors.
"""

from __future__ import annotations

import functools
import re
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.contract import file_sha256
from curation.embedding.numbers import Vectors, quantise
from curation.errors import MissingExtra
from curation.parts import PLAIN, Parts
from curation.words import I64, running

TABLE = Path(__file__).with_name("static.npz")
MOST = 512
"""Most tokens a text, so that sums stay below 2^31."""
UNKNOWN, INNER, LONGEST = "[UNK]", "##", 100
"""The token of a word that has no pieces, how a piece within a word begins, and letters of a word that is looked at."""
PART = re.compile(r"[a-z0-9]+|[^a-z0-9 ]")


class StaticEncoder:
    """Sum of token vectors in whole numbers: the same bits on any machine."""

    def __init__(self) -> None:
        self.identity = f"static-{file_sha256(TABLE)[:12]}"
        self.table, self.tokenizer = _load()
        vocabulary: dict[str, int] = self.tokenizer.get_vocab()
        self.first = {piece: place for piece, place in vocabulary.items() if not piece.startswith(INNER)}
        self.inner = {piece[2:]: place for piece, place in vocabulary.items() if piece.startswith(INNER)}
        self.unknown = vocabulary[UNKNOWN]
        self._parts = Parts(self._ids, PLAIN)

    def encode(self, texts: list[str], tokens: int) -> Vectors:
        """Vectors of the texts' first ``tokens`` tokens (at most 512)."""
        from scipy.sparse import csr_array

        ids, ends = self._tokens(texts, min(tokens, MOST))
        counts = csr_array(
            (np.ones(ids.size, np.int32), ids.astype(np.int32), ends),
            shape=(len(texts), len(self.table)),
            dtype=np.int32,
        )
        return quantise(counts @ self.table)

    def _tokens(self, texts: list[str], most: int) -> tuple[I64, I64]:
        """The first tokens of each text, and where each text's start and end."""
        ids, ends = self._parts(texts)
        sizes = np.diff(ends)
        if sizes.size and sizes.max() > most:
            ids = ids[np.arange(ids.size) - np.repeat(ends[:-1], sizes) < most]
            ends = running(np.minimum(sizes, most))
        return ids, ends

    def _ids(self, words: list[str]) -> tuple[I64, I64]:
        """The tokens of words: a tokenizer of this kind looks at no word's neighbours, so each is asked for once."""
        found = [self._pieces(word) if word.isascii() and word.isprintable() else None for word in words]
        others = [word for word, ids in zip(words, found, strict=True) if ids is None]
        told = iter(self.tokenizer.encode_batch_fast(others, add_special_tokens=False))
        ids = [next(told).ids if one is None else one for one in found]
        sizes = np.array([len(one) for one in ids], np.int64)
        return np.fromiter(chain.from_iterable(ids), np.int64, int(sizes.sum())), sizes

    def _pieces(self, word: str) -> list[int]:
        """The tokens of a word of ASCII, a third of the tokenizer's way: signs stand alone, else the longest piece comes first.

        Source: WordPiece, Wu et al. 2016.
        """
        found: list[int] = []
        for part in PART.findall(word.lower()):
            pieces: list[int] = []
            at, size = 0, len(part)
            while at < size:
                known, end = self.inner if at else self.first, size
                while end > at and part[at:end] not in known:
                    end -= 1
                if end == at or size > LONGEST:
                    pieces = [self.unknown]
                    break
                pieces.append(known[part[at:end]])
                at = end
            found += pieces
        return found


@functools.lru_cache(maxsize=1)
def _load() -> tuple[NDArray[np.int32], Any]:
    """The table, shape (tokens, components), and its tokenizer."""
    try:
        import scipy.sparse  # noqa: F401
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    except ModuleNotFoundError as error:
        raise MissingExtra.of(str(error.name).split(".")[0], "embed") from None
    with np.load(TABLE, allow_pickle=False) as stored:
        table = stored["components"].astype(np.int32) * stored["scale"].astype(np.int32)[:, None]
        words = stored["vocabulary"].tobytes().decode().split("\n")
    vocabulary = {word: place for place, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=LONGEST))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return table, tokenizer
