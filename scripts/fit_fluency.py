"""Make the table of word runs that augmentation reads (``curation/augment/fluency.npz``), from the sources of fluency_sources.yaml.

    python scripts/fit_fluency.py CLONES [--wordnet FOLDER] [--out FILE]

``CLONES`` holds a git clone of each source, as ``OWNER+NAME``; the commit that the list names is read, whatever is checked out.
WordNet's glosses come from the folder that ``tome augment setup`` made. Kept are words that occur at least five times, and pairs
and triples of them that occur at least four times, as 32-bit hashes: no text can be read back from it. The same sources give the same file.
"""

from __future__ import annotations

import argparse
import csv
import html
import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from curation.augment import fluency, resources
from curation.words import Words, hash_words

SOURCES = Path(__file__).with_name("fluency_sources.yaml")
WORD, RUN = 5, 4
CHUNK = 50_000
SAID = {"text", "question", "answer", "data"}
"""Names under which the JSON sources keep what people wrote."""
INLINE = re.compile(r"</?(?:term|emphasis|link|sub|sup|cite|b|i|em|strong|a|code|span)\b[^>]*>")
MATHS = re.compile(r"<(m:math|math|metadata)\b.*?</\1>", re.S)
FENCES = re.compile(
    r"^(`{3,}|~{3,}).*?^\1`*$|^---\n.*?^---$|\{\{.*?\}\}|\{%.*?%\}|\.\. code-block::.*?(?=^\S)|^(?: {4,}|\t).*?$",
    re.M | re.S,
)
LINKS = re.compile(
    r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?|`+([^`]*)`+_*|[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}|^[#>*\-+|\s]+",
    re.M,
)


def cnxml(raw: str) -> Iterator[str]:
    """Text of a book's module: a paragraph each; formulas count as a number."""
    flat = INLINE.sub("", MATHS.sub(" 0 ", raw))
    yield from (html.unescape(" ".join(part.split())) for part in re.split(r"<[^>]*>", flat) if part.strip())


def prose(raw: str) -> Iterator[str]:
    """Paragraphs of Markdown or reStructuredText, without code, links and marks."""
    flat = LINKS.sub(lambda match: match[1] or match[2] or "", FENCES.sub("", raw))
    for part in re.split(r"\n\s*\n", re.sub(r"<[^>]*>", "", flat)):
        yield html.unescape(" ".join(part.split()))


def said(value: Any) -> Iterator[str]:
    """What stands under the names of ``SAID``, or first in a list of [text, label]; parts of one sentence are joined."""
    if isinstance(value, list):
        if len(value) == 2 and all(isinstance(one, str) for one in value):
            yield value[0]
        elif value and all(isinstance(one, dict) and set(one) <= {"text", "entity"} for one in value):
            yield "".join(one.get("text", "") for one in value)
        else:
            for one in value:
                yield from said(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if isinstance(one, str):
                if name in SAID:
                    yield one
            else:
                yield from said(one)


def lines_of_json(raw: str) -> Iterator[str]:
    """``said`` of each line."""
    for line in raw.splitlines():
        yield from said(json.loads(line))


READ: dict[str, Callable[[str], Iterator[str]]] = {
    ".cnxml": cnxml, ".md": prose, ".Rmd": prose, ".rst": prose, ".jsonl": lines_of_json,
    ".json": lambda raw: said(json.loads(raw)),
    ".xml": lambda raw: (html.unescape(one) for one in re.findall(r"<(?:Question|Answer)[^>]*>([^<]+)<", raw)),
    ".csv": lambda raw: (line[0] for line in csv.reader(io.StringIO(raw)) if line),
    ".tsv": lambda raw: (re.sub(r"<\w*>", "\n", one) for line in raw.splitlines() for one in line.split("\t")),
}  # fmt: skip


def git(clone: Path, *words: str) -> str:
    """What git prints about a clone."""
    done = subprocess.run(["git", "-C", str(clone), *words], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def files(source: dict[str, Any], clones: Path) -> Iterator[tuple[str, str]]:
    """(path, content) of a source's files. Raises SystemExit where its clone isn't there."""
    clone = clones / source["repository"].replace("/", "+")
    clone = clone / "repo" if (clone / "repo").is_dir() else clone
    if not clone.is_dir():
        raise SystemExit(
            f"no clone of {source['repository']} in {clones}: git clone https://github.com/{source['repository']} {clone}"
        )
    listed = git(clone, "ls-tree", "-r", "-z", "--name-only", source["commit"]).split("\0")
    wanted = [one for one in listed if any(fnmatchcase(one, pattern) for pattern in source["files"])]
    for path in sorted(wanted):
        raw = git(clone, "show", f"{source['commit']}:{path}")
        if re.search(source.get("says", ""), " ".join(raw.split())):
            yield path, raw


def texts(source: dict[str, Any], clones: Path) -> Iterator[str]:
    """All texts of a source, file by file."""
    for path, raw in files(source, clones):
        yield from READ[Path(path).suffix](raw)


def glosses(folder: Path) -> Iterator[str]:
    """WordNet's definitions and examples."""
    for path in sorted(folder.glob("data.*")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.startswith("  "):
                yield from line.partition("|")[2].replace('"', "").split(";")


def hashed(found: Iterator[str]) -> Iterator[Words]:
    """The words of texts that are English by their letters, many texts at a time."""
    held: list[str] = []
    for text in found:
        if text and sum(c.isascii() for c in text[:2000]) > 0.97 * len(text[:2000]):
            held.append(text)
        if len(held) >= CHUNK:
            yield hash_words(fluency.plain(held))
            held = []
    yield hash_words(fluency.plain(held))


def often(parts: list[Any], least: int) -> Any:
    """The values that occur at least so often, sorted."""
    values, counts = np.unique(np.concatenate(parts), return_counts=True)
    return values[counts >= least]


def table(parts: list[Words]) -> dict[int, Any]:
    """The hashes to keep by length of the run: first the words, then the runs of known words."""
    known = {1: often([fluency.narrow(words.hashes) for words in parts], WORD)}
    blank = np.zeros(1, dtype=np.uint32)
    reader = fluency.Fluency({**known, 2: blank, 3: blank})
    found: dict[int, list[Any]] = {2: [], 3: []}
    for words in parts:
        seen = np.where(reader._has(1, fluency.narrow(words.hashes)), words.hashes, fluency.RARE)
        for size, (hashes, _) in fluency.runs(Words(seen, words.bounds)).of.items():
            found[size].append(hashes)
    return known | {size: often(hashes, RUN) for size, hashes in found.items()}


def main() -> None:
    """Read every source, count, write."""
    options = argparse.ArgumentParser(description=str(__doc__).split("\n", 1)[0])
    options.add_argument("clones", type=Path)
    options.add_argument("--wordnet", type=Path, default=resources.find(resources.WORDNET))
    options.add_argument("--out", type=Path, default=fluency.TABLE)
    given = options.parse_args()
    parts: list[Words] = []
    for source in yaml.safe_load(SOURCES.read_text(encoding="utf-8")):
        mine = list(hashed(texts(source, given.clones)))
        parts += mine
        print(
            f"{sum(words.hashes.size for words in mine):>11,} words  {source['repository']} ({source['licence']})"
        )
    if given.wordnet is None:
        raise SystemExit("WordNet isn't on this machine: tome augment setup")
    parts += list(hashed(glosses(given.wordnet)))
    known = table(parts)
    fluency.save(known, given.out)
    sizes = ", ".join(f"{size}: {hashes.size:,}" for size, hashes in known.items())
    print(
        f"{sum(words.hashes.size for words in parts):>11,} words in all; kept by length {sizes}; {given.out.stat().st_size / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
