"""Decisions that wait: acts and their undoing, the version that is made of them, and the command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tome
from curation import tray
from curation.diff import diff
from curation.errors import InputError
from curation.recipe import parse_recipe
from curation.run import run_recipe
from curation.store import Store, Version
from curation.why import why


def test_acts_are_undone_one_by_one(store: Store, ran: Version) -> None:
    ids = ran.rows()["id"].to_list()
    tray.add(store.home, ran.id, tray.decided(ran, ids[:2], do="drop", reason="short"))
    tray.add(store.home, ran.id, tray.decided(ran, ids[2:3], do="category", to="maths"))
    tray.add(store.home, ran.id, tray.decided(ran, ids[2:3], do="category", to="sums"))
    assert [tray.told(act) for act in tray.acts(store.home, ran.id)] == [
        "2 drops (short)", "1 new category: maths", "1 new category: sums"]  # fmt: skip
    assert [(one.row, one.to) for one in tray.pending(store.home, ran.id)] == [
        (ids[0], None), (ids[1], None), (ids[2], "sums")]  # fmt: skip
    assert tray.undo(store.home, ran.id) == "1 new category: sums"
    assert tray.undo(store.home, ran.id, 0) == "2 drops (short)"
    assert [one.to for one in tray.pending(store.home, ran.id)] == ["maths"]
    tray.undo(store.home, ran.id)
    assert not list((store.home.root / "hand").glob("[!.]*"))
    with pytest.raises(InputError, match="nothing to undo"):
        tray.undo(store.home, ran.id)


def test_a_version_is_made_of_them_and_the_old_one_stays(store: Store, ran: Version) -> None:
    rows = ran.rows()
    first, second, third = rows["id"][0], rows["id"][1], rows["id"][2]
    edit = tray.decided(ran, [second], do="edit", turns={1: "Better."}, by="ann")
    tray.add(store.home, ran.id, [*tray.decided(ran, [first], do="drop", reason="wrong"), *edit])
    tray.add(store.home, ran.id, tray.decided(ran, [third], do="flag", to="check"))
    before = {path.name: path.stat().st_mtime_ns for path in ran.folder.iterdir()}
    made, summary = tray.make(store, ran, "tiny")
    assert {path.name: path.stat().st_mtime_ns for path in ran.folder.iterdir()} == before
    assert summary == {"decisions": 3, "left_alone": 0, "absent": 0}
    assert tray.acts(store.home, ran.id) == []
    assert store.refs()["tiny"] == made.id
    assert made.manifest.parents == [ran.id]
    assert [step["op"] for step in made.manifest.steps] == ["hand", "stats"]
    assert diff(store, ran, made).counts() == {"added": 0, "dropped": 1, "edited": 1, "moved": 0}
    assert made.dropped()["reason"].to_list() == ["by hand: wrong"]
    told = [(one.op, one.action) for one in why(store, second, made).decisions if one.version == made.id]
    assert told == [("hand", "edited")]
    words = made.rows().filter(made.rows()["id"] == second)["stats.assistant_words"].to_list()
    assert words == [1]
    store.verify(made)


def test_the_recipe_makes_the_same_version_again_from_the_cache_and_without(
    store: Store, ran: Version, tmp_path: Path
) -> None:
    ids = ran.rows()["id"].to_list()
    for act in ({"do": "drop"}, {"do": "category", "to": "new"}, {"do": "edit", "turns": {0: "Why?"}}):
        tray.add(store.home, ran.id, tray.decided(ran, [ids.pop()], **act))
    made, _ = tray.make(store, ran, "again")
    recipe = parse_recipe(parse_recipe_text(made))
    assert run_recipe(recipe, store, workers=1).id == made.id
    for entry in (store.root / "cache" / "steps").iterdir():
        entry.rename(tmp_path / entry.name)
    assert run_recipe(recipe, store, workers=1).id == made.id


def parse_recipe_text(version: Version) -> str:
    from curation.draft import recipe_of, to_yaml

    return to_yaml(recipe_of(version))


def test_many_decisions_go_into_a_file_of_the_home_folder(
    store: Store, ran: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tray, "INLINE", 2)
    monkeypatch.chdir(store.home.root)
    tray.add(store.home, ran.id, tray.decided(ran, ran.rows()["id"].to_list()[:3], do="drop"))
    made, _ = tray.make(store, ran, "many")
    (step,) = made.manifest.recipe["steps"]
    assert step["file"].startswith("hand/decisions-")
    assert made.manifest.rows == ran.manifest.rows - 3


def test_nothing_waits(store: Store, ran: Version) -> None:
    with pytest.raises(InputError, match="nothing waits for this version"):
        tray.make(store, ran, "x")
    with pytest.raises(InputError, match="there is no row 'nobody'"):
        tray.decided(ran, ["nobody"], do="drop")


def test_the_command_decides_shows_undoes_and_makes(
    ran: Version, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*argv: str) -> tuple[int, str]:
        code = tome.run(["hand", *argv, "--home", str(store.home.root)])
        said = capsys.readouterr()
        return code, said.out + said.err

    row = ran.rows()["id"][0]
    assert run("add", "tiny", row, "--drop", "--reason", "wrong") == (
        0, "1 drop (wrong). Waiting: 1 drop. Next: tome hand make tiny --name NAME\n")  # fmt: skip
    code, said = run("add", "tiny", "--where", "category == 'law'", "--flag", "check")
    law = ran.manifest.categories["law"]
    assert (code, said.split(". ")[1]) == (0, f"Waiting: 1 drop, {law} flags")
    assert "1 drop (wrong)" in run("show", "tiny")[1]
    assert run("undo", "tiny")[1] == f"Taken back: {law} flags: check.\n"
    code, said = run("make", "tiny", "--name", "by-hand")
    assert code == 0
    assert f"(by-hand) has {ran.manifest.rows - 1} rows, {ran.manifest.rows} before." in said
    assert run("make", "tiny") == (2, f"tome: {ran.id}: nothing waits for this version. Decide first: tome hand add.\n")  # fmt: skip


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--drop"], "no row is named"),
        (["ROW"], "say one thing to do"),
        (["ROW", "--drop", "--flag", "x"], "--drop and --flag are two things to do"),
        (["ROW", "--text", "x"], "--turn and --text belong together"),
        (["nobody", "--drop"], "there is no row 'nobody'"),
        (["--where", "scroe > 1", "--drop"], "there is no column 'scroe'"),
    ],
)
def test_what_the_command_refuses(
    ran: Version, store: Store, argv: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    filled: list[Any] = [ran.rows()["id"][0] if word == "ROW" else word for word in argv]
    assert tome.run(["hand", "add", "tiny", *filled, "--home", str(store.home.root)]) == 2
    assert says in capsys.readouterr().err
