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

from curation.letters import ALONE, BORDER, LAST, NOTHING, letters

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

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
_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(9)], dtype=np.uint64)
_ONE, _TWO = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF, _THIRD = np.uint64(32), np.uint64(29)
_LINE_END, _SPACE, _TAIL = 10, 32, 16


@dataclass(frozen=True)
class Words:
    """The words of some texts, one after the other.

    ``hashes`` has one 64-bit hash per word; the words of text i are ``hashes[bounds[i] : bounds[i + 1]]``.
    """

    hashes: U64
    bounds: I64


def mix(values: U64) -> U64:
    """Spread 64-bit values evenly, in place: two rounds of xor-shift and multiply, a bijection.

    Source: the shape of Murmur3's finaliser (Appleby, 2011) and of Mulvey's prospected hashes (2018).
    """
    values ^= values >> _HALF
    values *= _TWO
    values ^= values >> _THIRD
    values *= _ONE
    values ^= values >> _HALF
    return values


def running(counts: I64) -> I64:
    """How many stand before each, and all of them at the end: the running sum, from 0."""
    bounds = np.zeros(counts.size + 1, dtype=np.int64)
    np.cumsum(counts, out=bounds[1:])
    return bounds


def hash_words(texts: pl.Series) -> Words:
    """Hash the words of texts (String; null counts as empty)."""
    return hash_bytes(*bytes_of(texts))


def bytes_of(texts: pl.Series) -> tuple[Bytes, I64]:
    """The UTF-8 bytes of all texts, with a line end after each, and where each text starts, and the end."""
    lines = (texts.fill_null("") + "\n").rechunk().to_arrow()
    _, offsets, data = lines.buffers()
    edges = np.frombuffer(offsets, dtype=np.int64)[lines.offset : lines.offset + len(lines) + 1]
    return np.frombuffer(data or b"", dtype=np.uint8), edges


def hash_bytes(raw: Bytes, edges: I64) -> Words:
    """Hash the words of texts that ``bytes_of`` made bytes of, or of a slice of its edges."""
    first, last = int(edges[0]), int(edges[-1])
    raw, edges = raw[first:last], edges - first
    lower = np.zeros(raw.size + _TAIL, dtype=np.uint8)
    np.take(_LOWER, raw, out=lower[: raw.size], mode="clip")
    starts, ends = _runs(lower != _CUT)
    token_of = np.searchsorted(starts, edges)
    odd = _with_other_bytes(raw, starts)
    if odd.size == 0:
        hashes, pieces = _hash_runs(lower, starts, ends)
        return Words(hashes, token_of if pieces is None else running(pieces)[token_of])
    plain = np.ones(starts.size, dtype=bool)
    plain[odd] = False
    plain_hashes, pieces = _hash_runs(lower, starts[plain], ends[plain])
    others = _hash_others(_lines(raw, starts[odd], ends[odd]))
    counts = np.ones(starts.size, dtype=np.int64)
    if pieces is not None:
        counts[plain] = pieces
    counts[odd] = np.diff(others.bounds)
    from_plain = np.repeat(plain, counts)
    hashes = np.empty(from_plain.size, dtype=np.uint64)
    hashes[from_plain] = plain_hashes
    hashes[~from_plain] = others.hashes
    return Words(hashes, running(counts)[token_of])


def _runs(inside: npt.NDArray[np.bool_]) -> tuple[I64, I64]:
    """Where runs of true start and end; the last value is never true."""
    edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    if inside.size and inside[0]:
        edges = np.concatenate((np.zeros(1, dtype=edges.dtype), edges))
    return edges[::2], edges[1::2]


def _with_other_bytes(raw: Bytes, starts: I64) -> I64:
    """Which runs hold a byte that isn't ASCII."""
    others, _ = _runs(raw >= 0x80)
    runs = np.searchsorted(starts, others, side="right") - 1
    return runs[np.diff(runs, prepend=-1) > 0]


def _lines(raw: Bytes, starts: I64, ends: I64) -> Bytes:
    """The bytes from each start to its end, with a line end after each."""
    sizes = ends - starts + 1
    bounds = running(sizes)
    lines: Bytes = raw[np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], sizes)]
    lines[bounds[1:] - 1] = _LINE_END
    return lines


def _hash_others(lines: Bytes) -> Words:
    """Hash the words of UTF-8 lines that hold more than ASCII."""
    clean = np.concatenate((_clean(lines.tobytes()), np.zeros(_TAIL, dtype=np.uint8)))
    starts, ends = _runs(np.take(_LOWER, clean) != _CUT)
    hashes, pieces = _hash_runs(clean, starts, ends)
    line_ends = np.flatnonzero(clean == _LINE_END) + 1
    bounds = np.searchsorted(starts, np.concatenate((np.zeros(1, dtype=np.int64), line_ends)))
    return Words(hashes, bounds if pieces is None else running(pieces)[bounds])


def _clean(raw: bytes) -> Bytes:
    """UTF-8 text with its words lower-cased and set apart by spaces, by the tables of ``letters``."""
    codes = np.frombuffer(raw.decode().encode("utf-32-le"), dtype="<u4")
    tables = letters()
    known = np.minimum(codes, LAST)
    kinds = tables.kind[known]
    lower = np.where(kinds == BORDER, np.uint32(_SPACE), tables.lower[known])
    lower[codes == _LINE_END] = _LINE_END
    alone = kinds == ALONE
    if alone.any() or (kinds == NOTHING).any():
        # a word by itself takes three places: a space, the character, a space
        counts = np.array([1, 1, 3, 0], dtype=np.int64)[kinds]
        places = running(counts)[:-1][alone]
        lower = np.repeat(lower, counts)
        lower[places], lower[places + 2] = _SPACE, _SPACE
    return np.frombuffer(lower.astype("<u4").tobytes().decode("utf-32-le").encode(), dtype=np.uint8)


def _hash_runs(lower: Bytes, starts: I64, ends: I64) -> tuple[U64, I64 | None]:
    """One hash per run of bytes, and into how many pieces each run was cut, or None if none was."""
    sizes = ends - starts
    pieces: I64 | None = None
    if sizes.size and int(sizes.max()) > LONGEST:
        pieces = -(-sizes // LONGEST)
        number = np.arange(int(pieces.sum())) - np.repeat(running(pieces)[:-1], pieces)
        starts = np.repeat(starts, pieces) + number * LONGEST
        sizes = np.minimum(np.repeat(ends, pieces) - starts, LONGEST)
    # any eight bytes as one number, wherever they stand; the tail makes room for the last ones
    eights = np.ndarray(lower.size - 7, dtype="<u8", buffer=lower, strides=(1,))
    hashes = eights[starts].astype(np.uint64, copy=False)
    hashes &= np.take(_MASKS, sizes, mode="clip")
    hashes += sizes.view(np.uint64) * _TWO
    mix(hashes)
    rest = np.flatnonzero(sizes > 8)
    for done in range(8, LONGEST, 8):
        if rest.size == 0:
            break
        left = sizes[rest] - done
        more = eights[starts[rest] + done].astype(np.uint64, copy=False) & np.take(_MASKS, left, mode="clip")
        hashes[rest] = mix(hashes[rest] * _ONE + more)
        rest = rest[left > 8]
    return hashes, pieces
