"""Texts to flat arrays of 64-bit word hashes, fast, by hash functions of our own.

A word is a run of Unicode word characters, lower-cased; in scripts that set no spaces between words (Han,
kana, Thai, Lao, Khmer, Burmese) every character is a word. Hashes depend on the text alone: they are the
same on any machine, in any version of numpy or polars, and on any number of threads.

Most text is ASCII, so bytes are compared with the ranges of letters and digits, many at once, and eight bytes at a
time are hashed by vectorised multiplications. Only runs that hold other bytes take the way through Unicode's tables.
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
Flags = npt.NDArray[np.bool_]

LONGEST = 64
"""Bytes: a longer run (base64, a hash) is cut into pieces of this size, each a word."""

_MASKS = np.array([(1 << (8 * size)) - 1 for size in range(9)], dtype=np.uint64)
_ONE, _TWO = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF, _THIRD = np.uint64(32), np.uint64(29)
_LINE_END, _SPACE, _TAIL = 10, 32, 16
_UPPER, _LETTER, _DIGIT, _UNDERSCORE, _OTHER = np.frombuffer(b"Aa0_\x80", dtype=np.uint8)
_LETTERS, _DIGITS, _CASE = np.array([26, 10, 32], dtype=np.uint8)
_SIGN, _SIGNS = np.frombuffer("\u2010".encode(), dtype=np.uint8), np.uint8(0x18)


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
    shifted = values >> _HALF
    values ^= shifted
    values *= _TWO
    values ^= np.right_shift(values, _THIRD, out=shifted)
    values *= _ONE
    values ^= np.right_shift(values, _HALF, out=shifted)
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
    lower, inside, other = _lowered(raw)
    starts, ends = _runs(inside)
    sizes = ends - starts
    hashes = _hash_runs(lower, starts, sizes)
    bounds = np.searchsorted(starts, edges)
    odd = _holding(other, starts)
    if sizes.size and int(sizes.max()) > LONGEST:
        odd = np.union1d(odd, np.flatnonzero(sizes > LONGEST))
    if odd.size == 0:
        return Words(hashes, bounds)
    words = _hash_others(_lines(raw, starts[odd], ends[odd]))
    more = np.diff(words.bounds) - 1
    if not more.any():
        hashes[odd] = words.hashes
        return Words(hashes, bounds)
    # a run of other bytes may hold several words, or none
    counts = np.ones(starts.size, dtype=np.int64)
    counts[odd] += more
    hashes, moved = np.repeat(hashes, counts), running(more)
    hashes[np.arange(words.hashes.size) + np.repeat(odd + moved[:-1] - words.bounds[:-1], more + 1)] = (
        words.hashes
    )
    return Words(hashes, bounds + moved[np.searchsorted(odd, bounds)])


def _lowered(raw: Bytes) -> tuple[Bytes, Flags, Flags]:
    """The bytes with A to Z in lower case, which of them are part of a run, and which of those aren't ASCII.

    Runs are words, or hold them: dashes, typographic quotes and the like (U+2010 to U+2027) part runs already here.
    """
    lower = np.empty(raw.size + _TAIL, dtype=np.uint8)
    lower[raw.size :] = 0
    body = lower[: raw.size]
    # a byte less than the first of a range wraps round to a large one; arrays are used again, since fresh memory costs more
    part = raw - _UPPER
    inside = part < _LETTERS
    np.multiply(inside.view(np.uint8), _CASE, out=body)
    body |= raw
    np.less(np.subtract(body, _LETTER, out=part), _LETTERS, out=inside)
    other = np.less(np.subtract(raw, _DIGIT, out=part), _DIGITS)
    inside |= other
    inside |= np.equal(raw, _UNDERSCORE, out=other)
    np.greater_equal(raw, _OTHER, out=other)
    signs = np.flatnonzero(raw == _SIGN[0])
    signs = signs[(raw[signs + 1] == _SIGN[1]) & (raw[signs + 2] - _SIGN[2] < _SIGNS)]
    for byte in range(3):
        other[signs + byte] = False
    inside |= other
    return lower, inside, other


def _runs(inside: npt.NDArray[np.bool_]) -> tuple[I64, I64]:
    """Where runs of true start and end; the last value is never true."""
    changes = np.empty_like(inside)
    changes[:1] = inside[:1]
    np.not_equal(inside[1:], inside[:-1], out=changes[1:])
    edges = np.flatnonzero(changes)
    return edges[::2], edges[1::2]


def _holding(other: Flags, starts: I64) -> I64:
    """Which runs hold a byte that is flagged; flags stand within runs alone."""
    first, _ = _runs(other)
    runs = np.searchsorted(starts, first, side="right") - 1
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
    _, inside, _ = _lowered(clean)
    starts, ends = _runs(inside)
    line_ends = np.flatnonzero(clean == _LINE_END) + 1
    bounds = np.searchsorted(starts, np.concatenate((np.zeros(1, dtype=np.int64), line_ends)))
    sizes = ends - starts
    if sizes.size and int(sizes.max()) > LONGEST:
        pieces = -(-sizes // LONGEST)
        number = np.arange(int(pieces.sum())) - np.repeat(running(pieces)[:-1], pieces)
        starts = np.repeat(starts, pieces) + number * LONGEST
        sizes = np.minimum(np.repeat(ends, pieces) - starts, LONGEST)
        bounds = running(pieces)[bounds]
    return Words(_hash_runs(clean, starts, sizes), bounds)


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


def _hash_runs(lower: Bytes, starts: I64, sizes: I64) -> U64:
    """One hash per run of bytes, of its first LONGEST ones."""
    # any eight bytes as one number, wherever they stand; the tail makes room for the last ones
    eights = np.ndarray(lower.size - 7, dtype="<u8", buffer=lower, strides=(1,))
    hashes: U64 = eights[starts].astype(np.uint64, copy=False)
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
    return hashes
