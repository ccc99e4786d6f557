"""Which files are a split: our rules against the Hub's, as the ``datasets`` library resolves them."""

from __future__ import annotations

from pathlib import Path

import pytest

from curation.ingest.hub_files import choose_files, config_splits, default_splits

LAYOUTS = [
    ["train.csv", "test.csv"],
    ["data/train.csv", "data/test.csv", "data/validation.csv"],
    ["train_0.csv", "train_1.csv", "test_0.csv"],
    ["data/train/a.csv", "data/train/b.csv", "data/test/a.csv", "other.csv"],
    [
        "data/train-00000-of-00002.csv",
        "data/train-00001-of-00002.csv",
        "data/random-00000-of-00001.csv",
        "test.csv",
    ],
    ["my-dev.csv", "my-training.csv", "my-eval.csv"],
    ["training/x.csv", "testing/x.csv", "valid/x.csv"],
    ["a.csv", "b/c.csv"],
    ["contrain.csv", "latest.csv"],
    ["en_train/x.csv", "en_test 2/x.csv"],
    ["sub/deep/train.csv", "sub/deep/trainer.csv"],
    ["train.csv", "dev.csv", "val.csv", "evaluation.csv"],
    ["plain.csv", "test.csv"],
]


@pytest.mark.parametrize("names", LAYOUTS, ids=[" ".join(layout)[:40] for layout in LAYOUTS])
def test_names_tell_the_same_splits_as_the_datasets_library(tmp_path: Path, names: list[str]) -> None:
    data_files = pytest.importorskip(
        "datasets.data_files", reason="datasets isn't installed: nothing to compare with"
    )
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a\n1\n")
    patterns = data_files.get_data_patterns(str(tmp_path))
    theirs = data_files.DataFilesDict.from_patterns(patterns, base_path=str(tmp_path))
    ours = default_splits(sorted(names))
    assert {split: sorted(files) for split, files in ours.items()} == {
        str(split): sorted({Path(file).relative_to(tmp_path).as_posix() for file in files})
        for split, files in theirs.items()
    }


@pytest.mark.parametrize(
    "files",
    [
        "data/*.csv",
        ["data/a.csv", "b.csv"],
        {"train": "**/a.csv", "test": ["b.csv"]},
        [{"split": "train", "path": "data/[ab].csv"}, {"split": "test", "path": ["b.csv", "data/?.csv"]}],
        "**",
        "data/**",
        "data/[!a].csv",
    ],
)
def test_patterns_of_a_card_match_as_in_the_datasets_library(tmp_path: Path, files: object) -> None:
    data_files = pytest.importorskip(
        "datasets.data_files", reason="datasets isn't installed: nothing to compare with"
    )
    names = ["b.csv", "data/a.csv", "data/b.csv", "data/deep/a.csv"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a\n1\n")
    theirs = data_files.DataFilesDict.from_patterns(
        data_files.sanitize_patterns(files), base_path=str(tmp_path)
    )
    assert {split: sorted(found) for split, found in config_splits(names, {"data_files": files}).items()} == {
        str(split): sorted({Path(file).relative_to(tmp_path).as_posix() for file in found})
        for split, found in theirs.items()
    }


def test_a_config_with_a_folder_of_its_own() -> None:
    names = ["en/train.jsonl", "en/test.jsonl", "de/train.jsonl"]
    configs = [
        {"config_name": "en", "data_dir": "en"},
        {"config_name": "de", "data_dir": "de", "default": True},
    ]
    assert choose_files(names, configs, config="en", split="train", where="x") == (["en/train.jsonl"], "en")
    assert choose_files(names, configs, config=None, split="train", where="x") == (["de/train.jsonl"], "de")
    assert choose_files(names, [], config="default", split="test", where="x") == (["en/test.jsonl"], None)
