"""Texts to flat arrays of 64-bit word hashes, fast, by hash functions of our own.

A word is a run of Unicode word characters, lower-cased; in scripts that set no spaces between words (Han,
kana, Thai, Lao, Khmer, Burmese) every character is a word. Hashes depend on the text alone: they are the
same on any machine, in any version of numpy or polars, and on any number of threads.

Most text is ASCII, so bytes are looked up in a table, words are cut where the table says so, and eight bytes
at a time are hashed by vectorised multiplications. Only the tokens that hold other bytes take the way
through Unicode's tables.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\x{30FC}\x{FF70}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Inside of a regex class: scripts whose words aren't set apart by spaces."""
IGNORED = r"\x{AD}\x{200B}-\x{200F}\x{2060}\x{FE00}-\x{FE0F}\x{FEFF}\x{20E3}"
"""Inside of a regex class: joiners, direction marks and variation selectors, which are no part of a word."""
LONGEST = 64
"""Bytes: a longer run (base64, a hash) is cut into pieces of this size, each a word."""

_CUT = 0
_LOWER = np.array(
    [
        byte if byte >= 0x80 or chr(byte) == "_" else ord(chr(byte).lower()) if chr(byte).isalnum() else _CUT
        for byte in range(256)
    ],
    dtype=np.uint8,
)
_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(9)], dtype="<u8").astype(np.uint64)
_ONE, _TWO = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF, _THIRD = np.uint64(32), np.uint64(29)


@dataclass(frozen=True)
class Words:
    """The words of some texts, one after the other.

    ``hashes`` has one 64-bit hash per word; the words of text i are ``hashes[bounds[i] : bounds[i + 1]]``.
    """

    hashes: U64
    bounds: I64


def mix(values: U64) -> U64:
    """Spread 64-bit values evenly, in place: two rounds of xor-shift and multiply, a bijection.

    Source: the finaliser of Murmur3 (Appleby, 2011), with the constants of the golden ratio and of
    Mulvey's hash prospector.
    """
    values ^= values >> _HALF
    values *= _TWO
    values ^= values >> _THIRD
    values *= _ONE
    values ^= values >> _HALF
    return values


def hash_words(texts: pl.Series) -> Words:
    """Hash the words of texts (String; null counts as empty)."""
    raw, edges = _bytes_of(texts)
    lower = np.take(_LOWER, raw)
    starts, ends = _runs(lower)
    token_of = np.searchsorted(starts, edges)
    odd = np.unique(np.searchsorted(starts, np.flatnonzero(raw >= 0x80), side="right") - 1)
    if odd.size == 0:
        hashes, pieces = _hash_runs(lower, starts, ends)
        return Words(hashes, token_of if pieces is None else _before(pieces)[token_of])
    plain = np.ones(starts.size, dtype=bool)
    plain[odd] = False
    plain_hashes, pieces = _hash_runs(lower, starts[plain], ends[plain])
    others = _hash_cleaned(_unicode_words(_slices(raw, starts[odd], ends[odd])))
    counts = np.ones(starts.size, dtype=np.int64)
    if pieces is not None:
        counts[plain] = pieces
    counts[odd] = np.diff(others.bounds)
    from_plain = np.repeat(plain, counts)
    hashes = np.empty(from_plain.size, dtype=np.uint64)
    hashes[from_plain] = plain_hashes
    hashes[~from_plain] = others.hashes
    return Words(hashes, _before(counts)[token_of])


def _hash_cleaned(texts: pl.Series) -> Words:
    """Hash texts whose words are clean already and set apart by spaces."""
    raw, edges = _bytes_of(texts)
    starts, ends = _runs(np.take(_LOWER, raw))
    hashes, pieces = _hash_runs(raw, starts, ends)
    bounds = np.searchsorted(starts, edges)
    return Words(hashes, bounds if pieces is None else _before(pieces)[bounds])


def _unicode_words(tokens: pl.Series) -> pl.Series:
    """Tokens with their words lower-cased and set apart by spaces, by the rules of Unicode."""
    return (
        tokens.str.to_lowercase()
        .str.replace_all(f"[{IGNORED}]", "")
        .str.replace_all(f"[{SPACELESS}]", " ${0} ")
        .str.replace_all(r"[^\w\x00-\x7F]+", " ")
    )


def _bytes_of(texts: pl.Series) -> tuple[Bytes, I64]:
    """All texts as bytes, one byte between them and some at the end, and where each of them starts."""
    sizes = texts.str.len_bytes().fill_null(0).to_numpy().astype(np.int64)
    edges = _before(sizes + 1)
    raw = np.zeros(int(edges[-1]) + 16, dtype=np.uint8)
    if texts.len():
        joined = texts.fill_null("").str.join("\n").to_arrow()
        data = joined.buffers()[-1]
        size = int(edges[-1]) - 1
        if data is not None and size:
            raw[:size] = np.frombuffer(data, dtype=np.uint8, count=size)
    return raw, edges


def _before(counts: I64) -> I64:
    """How many stand before each, and all of them at the end: the running sum, from 0."""
    bounds = np.zeros(counts.size + 1, dtype=np.int64)
    np.cumsum(counts, out=bounds[1:])
    return bounds


def _runs(lower: Bytes) -> tuple[I64, I64]:
    """Where runs of word bytes start and end; the last byte is never one."""
    inside = lower != _CUT
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    if inside[0]:
        edges = np.concatenate((np.zeros(1, dtype=edges.dtype), edges))
    return edges[::2], edges[1::2]


def _slices(raw: Bytes, starts: I64, ends: I64) -> pl.Series:
    """The texts that stand between starts and ends."""
    import pyarrow as pa

    bounds = _before(ends - starts)
    places = np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], ends - starts)
    data = pa.py_buffer(raw[places].tobytes())
    texts = pa.LargeStringArray.from_buffers(starts.size, pa.py_buffer(bounds.tobytes()), data)
    return pl.Series(texts, dtype=pl.String)


def _hash_runs(lower: Bytes, starts: I64, ends: I64) -> tuple[U64, I64 | None]:
    """One hash per run of bytes, and into how many pieces each run was cut, or None if none was."""
    sizes = ends - starts
    pieces: I64 | None = None
    if sizes.size and int(sizes.max()) > LONGEST:
        pieces = -(-sizes // LONGEST)
        number = np.arange(int(pieces.sum())) - np.repeat(_before(pieces)[:-1], pieces)
        starts = np.repeat(starts, pieces) + number * LONGEST
        sizes = np.minimum(np.repeat(ends, pieces) - starts, LONGEST)
    # any eight bytes as one number, whether or not they are aligned; the buffer's tail makes room for them
    eights = np.ndarray(max(lower.size - 7, 0), dtype="<u8", buffer=lower, strides=(1,))
    hashes = eights[starts].astype(np.uint64, copy=False)
    hashes &= _MASKS[np.minimum(sizes, 8)]
    hashes += sizes.astype(np.uint64) * _TWO
    mix(hashes)
    rest = np.flatnonzero(sizes > 8)
    for done in range(8, LONGEST, 8):
        if rest.size == 0:
            break
        left = sizes[rest] - done
        more = eights[starts[rest] + done].astype(np.uint64, copy=False) & _MASKS[np.minimum(left, 8)]
        hashes[rest] = mix(hashes[rest] * _ONE + more)
        rest = rest[left > 8]
    return hashes, pieces
