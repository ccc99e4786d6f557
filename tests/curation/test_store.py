"""The store: ids to the letter, killed and second writers, a full disk, damage of every file, names and prefixes."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import tome
from curation import parquet
from curation.contract import Home, file_sha256
from curation.errors import InputError, StoreError
from curation.laws import run_step
from curation.recipe import step_from
from curation.rows import make_rows
from curation.step import LEDGER, Context
from curation.store import Store, Version

NOTHING = pl.DataFrame(schema=LEDGER)


def put(store: Store, rows: pl.DataFrame, name: str = "a") -> Version:
    with store.lock():
        return store.put(rows, NOTHING, kind="ingest", name=name, sources=[{"name": "s", "licence": "MIT"}])


def test_put_and_get(store: Store, small: pl.DataFrame) -> None:
    version = put(store, small)
    assert version.id == "c538e9def52a8f85"
    assert store.get("a") == store.get(version.id) == store.get(version.id[:4]) == version
    assert version.rows().equals(small)
    assert version.manifest.categories == {"math": 2, "talk": 2, "(none)": 1, "art": 1}
    assert sorted(p.name for p in version.folder.iterdir()) == [
        "dropped.parquet",
        "ledger.parquet",
        "manifest.json",
        "rows.parquet",
    ]
    store.verify(version)


def test_putting_again_writes_nothing_and_names_move(store: Store, small: pl.DataFrame) -> None:
    first = put(store, small)
    before = (first.folder / "manifest.json").stat().st_mtime_ns
    assert put(store, small, "b").manifest == first.manifest
    assert (first.folder / "manifest.json").stat().st_mtime_ns == before
    second = put(store, small.head(2))
    assert store.refs() == {"a": second.id, "b": first.id}
    assert store.history("a") == [first.id, second.id]
    put(store, small.head(2))
    assert store.history("a") == [first.id, second.id]
    assert [one.id for one in store.versions()] == [second.id, first.id]


def test_the_licence_is_part_of_a_version(store: Store, small: pl.DataFrame) -> None:
    with store.lock():
        ids = {
            store.put(
                small,
                NOTHING,
                kind="ingest",
                name="a",
                sources=[{"name": "s", "uri": uri, "licence": licence}],
            ).id
            for uri in ("/here", "/there")
            for licence in (None, "MIT")
        }
    assert len(ids) == 2


def test_nothing_there_and_wrong_names(store: Store, small: pl.DataFrame) -> None:
    with pytest.raises(
        StoreError, match=r"there are no versions yet\. Make one: tome run data/recipes/demo\.yaml"
    ):
        store.get("a")
    version = put(store, small, "finetome")
    with pytest.raises(StoreError, match=r"there is no version 'fintome'\. Did you mean 'finetome'\?"):
        store.get("fintome")
    for name in ("../a", "", version.id[:3], "/", ".lock"):
        with pytest.raises(StoreError, match="there is no version"):
            store.get(name)
    for name in ("../a", "", ".a", "a/b", "a" * 101, "a\n"):
        with pytest.raises(InputError, match="can't be a name"):
            store.name(name, version.id)


def test_an_ambiguous_prefix(store: Store, small: pl.DataFrame) -> None:
    version = put(store, small)
    twin = version.id[:6] + "0" * 10
    folder = version.folder.with_name(twin)
    folder.mkdir()
    manifest = json.loads((version.folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"id": twin}))
    with pytest.raises(StoreError) as caught:
        store.get(version.id[:5])
    both = ", ".join(sorted([version.id, twin]))
    assert str(caught.value) == f"'{version.id[:5]}' could be any of {both}. Give more of the id."
    assert store.get(version.id[:7]).id == version.id or version.id[6] == "0"


def test_what_cannot_be_put(store: Store, small: pl.DataFrame) -> None:
    with pytest.raises(InputError, match="is there twice"):
        put(store, pl.concat([small, small]))
    with pytest.raises(InputError, match="can't be a name"):
        put(store, small, "../../x")
    assert store.versions() == []


# ------------------------------------------------------------------------------------------------- damage


def rewrite(version: Version, **fields: object) -> None:
    raw = dataclasses.asdict(version.manifest) | fields
    (version.folder / "manifest.json").write_text(json.dumps(raw))


@pytest.mark.parametrize("name", ["rows.parquet", "ledger.parquet", "dropped.parquet"])
@pytest.mark.parametrize("how", ["cut", "gone", "other"])
def test_damage_is_found_and_mended_by_running_again(store: Store, ran: Version, name: str, how: str) -> None:
    path = ran.folder / name
    whole = {file.name: file.read_bytes() for file in ran.folder.iterdir()}
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif how == "gone":
        path.unlink()
    else:
        frame = pl.read_parquet(path)
        parquet.write(frame.tail(frame.height - 1), path)
    with pytest.raises(StoreError, match="damaged"):
        store.verify(store.get("tiny"))
    manifest = ran.manifest
    rows, ledger, dropped = (
        pl.read_parquet(source) if isinstance(source, Path) else source
        for source in (_bytes(whole, part, path.parent) for part in ("rows", "ledger", "dropped"))
    )
    with store.lock():
        again = store.put(
            rows, ledger, kind="run", name="tiny", dropped=dropped, parents=manifest.parents,
            sources=manifest.sources, recipe=manifest.recipe, steps=manifest.steps,
        )  # fmt: skip
    assert again.id == ran.id
    store.verify(again)


@pytest.mark.parametrize("name", ["rows", "ledger", "dropped"])
def test_a_flipped_byte_is_found(store: Store, ran: Version, name: str) -> None:
    path = ran.folder / f"{name}.parquet"
    whole = path.read_bytes()
    for place in range(4, len(whole), max(len(whole) // 40, 1)):
        data = bytearray(whole)
        data[place] ^= 0x55
        path.write_bytes(bytes(data))
        with pytest.raises(StoreError, match=rf"damaged: {name}\.parquet was changed"):
            store.verify(ran)
    path.write_bytes(whole)
    store.verify(ran)


def _bytes(whole: dict[str, bytes], part: str, folder: Path) -> Path:
    kept = folder.parent.parent / f"kept-{part}.parquet"
    kept.write_bytes(whole[f"{part}.parquet"])
    return kept


@pytest.mark.parametrize(
    "fields",
    [
        {"rows": 5},
        {"categories": {"math": 1}},
        {"columns": {}},
        {"parents": ["x"]},
        {"recipe": None},
        {"kind": "edit"},
        {"id": "0" * 16},
        {"rows_hash": "0"},
        {"sources": [{"name": "s", "licence": "other"}]},
    ],
)
def test_a_changed_manifest_is_found(store: Store, ran: Version, fields: dict[str, object]) -> None:
    store.verify(ran)
    rewrite(ran, **fields)
    with pytest.raises(StoreError, match="damaged"):
        store.verify(Store(store.home).get(ran.id))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 1}', '{"schema_version": 99}'])
def test_a_torn_manifest_is_named(store: Store, ran: Version, text: str) -> None:
    (ran.folder / "manifest.json").write_text(text)
    with pytest.raises(StoreError) as caught:
        store.get(ran.id)
    assert str(ran.folder / "manifest.json") in str(caught.value)


def test_a_changed_text_is_found(store: Store, small: pl.DataFrame) -> None:
    version = put(store, small)
    turns = pl.struct(pl.element().struct.field("role"), content=pl.lit("changed"))
    path = version.folder / "rows.parquet"
    parquet.write(small.with_columns(pl.col("messages").list.eval(turns)), path)
    with pytest.raises(StoreError, match=r"damaged: rows\.parquet was changed"):
        store.verify(version)
    rewrite(version, files=version.manifest.files | {"rows.parquet": {"sha256": file_sha256(path)}})
    version = Store(store.home).get(version.id)
    with pytest.raises(
        StoreError, match=f"damaged: row {small['id'][0]}: its text doesn't match its content_hash"
    ):
        store.verify(version)


def test_lineage(store: Store, ran: Version) -> None:
    assert [one.manifest.kind for one in store.lineage(ran)] == ["run", "ingest"]


# ------------------------------------------------------------------------------------- writers that fail

WRITER = """
import sys, time
import polars as pl
from curation import parquet
from curation.contract import Home, file_sha256
from curation.rows import make_rows
from curation.step import LEDGER
from curation.store import Store
from pathlib import Path

home, where = sys.argv[1:]
write = parquet.write
def slow(frame, path):
    if where == path.name:
        path.write_bytes(b"PAR1 half of it")
        print("writing", flush=True)
        time.sleep(60)
    write(frame, path)
parquet.write = slow
store = Store(Home(Path(home)))
rows = make_rows([[{"role": "user", "content": "x"}]], source="s")
with store.lock():
    if where == "lock":
        print("writing", flush=True)
        time.sleep(60)
    store.put(rows, pl.DataFrame(schema=LEDGER), kind="ingest", name="a")
print("done", flush=True)
"""


@pytest.fixture
def writer(tmp_path: Path) -> object:
    started: list[subprocess.Popen[str]] = []

    def start(home: Home, where: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(home.root), where],
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize("where", ["rows.parquet", "dropped.parquet", "ledger.parquet"])
def test_a_killed_writer_leaves_no_version_and_the_next_run_works(
    store: Store, small: pl.DataFrame, writer: object, where: str
) -> None:
    process = writer(store.home, where)  # type: ignore[operator]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert [path.name.split(".")[-1] for path in store.home.versions.iterdir()] == ["partial"]
    assert store.versions() == []
    assert store.refs() == {}
    version = put(store, small)
    assert [path.name for path in store.home.versions.iterdir()] == [version.id]
    store.verify(version)


def test_a_second_writer_is_refused(
    store: Store, small: pl.DataFrame, writer: object, capsys: pytest.CaptureFixture[str], source_file: Path
) -> None:
    process = writer(store.home, "lock")  # type: ignore[operator]
    with pytest.raises(StoreError) as caught:
        put(store, small)
    assert str(caught.value) == (
        f"{store.root}: another process is writing here (process {process.pid}). Wait for it, or use another --home."
    )
    assert caught.value.exit_code == 2
    command = ["ingest", str(source_file), "--name", "s", "--home", str(store.home.root)]
    assert tome.run(command) == 2
    said = capsys.readouterr()
    assert said.err == f"tome: {caught.value}\n"
    process.kill()
    process.wait()
    assert put(store, small).manifest.rows == 6


def full_disk(folder: Path, size: str) -> bool:
    folder.mkdir()
    return os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True
    ).returncode == 0  # fmt: skip


def big(rows: int = 3_000) -> pl.DataFrame:
    texts = (os.urandom(200).hex() for _ in range(rows))
    return make_rows([[{"role": "user", "content": text}] for text in texts], source="s")


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, small: pl.DataFrame) -> None:
    disk = tmp_path / "disk"
    if not full_disk(disk, "400k"):
        pytest.skip("mounting a small tmpfs needs root; the next test stands in for it")
    try:
        store = Store(Home(disk))
        kept = put(store, small, "kept")
        with pytest.raises(OSError) as caught:
            put(store, big(), "lost")
        assert caught.value.errno == 28
        assert [path.name for path in store.home.versions.iterdir()] == [kept.id]
        assert store.refs() == {"kept": kept.id}
        store.verify(kept)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_in_one_line(
    store: Store, source_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(frame: pl.DataFrame, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet, "write", full)
    command = ["ingest", str(source_file), "--name", "s", "--home", str(store.home.root)]
    assert tome.run(command) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == (
        "tome: the disk is full. Free some space, or move --home; nothing half-written was kept."
    )
    assert list(store.home.versions.iterdir()) == []
    assert store.refs() == {}


def test_a_full_disk_in_the_cache_loses_the_entry_only(
    store: Store, ran: Version, recipe_text: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curation import cache

    def full(frame: pl.DataFrame, path: Path) -> None:
        raise OSError(28, "No space left on device")

    rows = make_rows([[{"role": "user", "content": "x"}]], source="s")
    result = run_step(step_from("stats"), rows, Context())
    folder = store.root / "cache" / "steps" / "x"
    monkeypatch.setattr(parquet, "write", full)
    cache.save(folder, rows, result)
    assert cache.load(folder, rows) is None
    assert [path.name for path in folder.parent.glob("*x*")] == []


def test_reading_goes_on_while_another_writes(store: Store, small: pl.DataFrame, writer: object) -> None:
    version = put(store, small)
    writer(store.home, "lock")  # type: ignore[operator]
    assert store.get("a").rows().equals(small)
    store.verify(version)
    assert time.time() > version.manifest.created
