"""Names: moving, rolling back, renaming; and ``tome name``."""

from __future__ import annotations

import json

import pytest

import tome
from curation.errors import InputError, StoreError
from curation.store import Store, Version


def test_a_rename_takes_the_history_along(store: Store, ran: Version) -> None:
    source = ran.manifest.parents[0]
    store.name("tiny", source)
    store.rename("tiny", "gold")
    assert store.history("gold") == [ran.id, source]
    assert store.history("tiny") == []


@pytest.mark.parametrize(("old", "new", "error", "says"), [
    ("tiny", "s", StoreError, "is taken"),
    ("tinny", "gold", StoreError, "there is no name 'tinny'"),
    ("tiny", "a/b", InputError, "can't be a name"),
])  # fmt: skip
def test_a_rename_that_would_lose_something_is_refused(
    store: Store, ran: Version, old: str, new: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        store.rename(old, new)
    assert store.refs() == {"s": ran.manifest.parents[0], "tiny": ran.id}


def test_a_glance_sees_what_sizes_tell(store: Store, ran: Version) -> None:
    assert store.glance(ran) is None
    path = ran.folder / "ledger.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert store.glance(ran) == "damaged: ledger.parquet was changed"
    path.unlink()
    assert store.glance(ran) == "damaged: ledger.parquet is missing"


def test_the_command_moves_renames_and_lists(
    store: Store, ran: Version, capsys: pytest.CaptureFixture[str]
) -> None:
    source = ran.manifest.parents[0]
    said = []
    for words in (["name", "tiny", source[:6]], ["name", "tiny", "--rename", "gold"], ["name"]):
        assert tome.run(["--home", str(store.home.root), *words, "--json"]) == 0
        said.append(json.loads(capsys.readouterr().out.splitlines()[-1])["names"])
    assert said == [
        {"tiny": [ran.id, source]},
        {"gold": [ran.id, source]},
        {"gold": [ran.id, source], "s": [source]},
    ]
