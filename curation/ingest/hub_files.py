"""Which files of a Hub dataset belong to a config and split, by the Hub's own rules.

The rules are those of "Data files configuration" and "File names and splits" in the Hub's documentation,
which the ``datasets`` library follows too: the card's ``configs`` first, then sharded names in ``data/``,
then the split's name in a folder's name, then in a file's name, else everything is train.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from curation.errors import InputError, nearest
from curation.ingest.local import is_data

Splits = dict[str, list[str]]
KEYWORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SEPARATOR = "[-._ 0-9]"
_SHARDED = re.compile(r"data/(\w+(?:\.\w+)*)-\d{5}-of-\d{5}[^/]*\.[^/]*")


def choose_files(
    names: Iterable[str], configs: Sequence[Mapping[str, Any]], *, config: str | None, split: str, where: str
) -> tuple[list[str], str | None]:
    """The files of a split and the config that they belong to (null where the repository has none).

    Raises InputError for an unknown config or split, naming those that there are.
    """
    names = sorted(name for name in names if is_data(name))
    chosen = _config(configs, config, where)
    splits = default_splits(names) if chosen is None else config_splits(names, chosen)
    found = splits.get(split, [])
    if not found:
        full = {name for name, files in splits.items() if files}
        raise InputError(
            f"there is no split {split!r}" + (f" in config {chosen['config_name']!r}" if chosen else ""),
            where=where,
            mend=nearest(split, full) if full else "The repository has no file of a kind that is read.",
        )
    return found, None if chosen is None else str(chosen["config_name"])


def _config(configs: Sequence[Mapping[str, Any]], wanted: str | None, where: str) -> Mapping[str, Any] | None:
    known = {str(config["config_name"]): config for config in configs if config.get("config_name")}
    if wanted is not None:
        if wanted in known:
            return known[wanted]
        if wanted == "default" and not known:
            return None
        raise InputError(
            f"there is no config {wanted!r}", where=where, mend=nearest(wanted, known or ["default"])
        )
    if not known:
        return None
    default = [
        name
        for name, config in known.items()
        if len(known) == 1 or name == "default" or config.get("default")
    ]
    if len(default) == 1:
        return known[default[0]]
    raise InputError(
        f"has {len(known)} configs",
        where=where,
        mend=f"Choose one with --config: {', '.join(sorted(known)[:20])}.",
    )


def config_splits(names: Sequence[str], config: Mapping[str, Any]) -> Splits:
    """The splits that a config of a dataset card lays down."""
    base = str(config.get("data_dir") or "").strip("/")
    below = {
        name.removeprefix(f"{base}/") if base else name: name
        for name in names
        if name.startswith(f"{base}/") or not base
    }
    files = config.get("data_files")
    if files is None:
        return {
            split: [below[name] for name in found] for split, found in default_splits(list(below)).items()
        }
    return {
        split: [below[name] for name in below if any(_glob(pattern).fullmatch(name) for pattern in patterns)]
        for split, patterns in _patterns(files).items()
    }


def _patterns(files: Any) -> dict[str, list[str]]:
    """Patterns by split, of the four ways in which a card may give ``data_files``."""

    def as_list(value: Any) -> list[str]:
        return [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]

    if isinstance(files, Mapping):
        return {str(split): as_list(patterns) for split, patterns in files.items()}
    if isinstance(files, list) and files and all(isinstance(item, Mapping) for item in files):
        return {str(item.get("split")): as_list(item.get("path")) for item in files}
    return {"train": as_list(files)}


def default_splits(names: Sequence[str]) -> Splits:
    """The splits that names tell, where no card does."""
    sharded: Splits = {}
    for name in names:
        if shard := _SHARDED.fullmatch(name):
            sharded.setdefault(shard[1], []).append(name)
    if sharded:
        return sharded
    for patterns in (
        (
            "**/{}/**",
            "**/{}" + _SEPARATOR + "*/**",
            "**/*" + _SEPARATOR + "{}/**",
            "**/*" + _SEPARATOR + "{}" + _SEPARATOR + "*/**",
        ),
        (
            "**/{}" + _SEPARATOR + "*",
            "**/*" + _SEPARATOR + "{}" + _SEPARATOR + "*",
        ),
    ):
        splits: Splits = {}
        for split, words in KEYWORDS.items():
            globs = [_glob(pattern.format(word)) for word in words for pattern in patterns]
            if found := [name for name in names if any(glob.fullmatch(name) for glob in globs)]:
                splits[split] = found
        if splits:
            return splits
    return {"train": list(names)}


def converted_splits(names: Iterable[str], config: str | None, where: str) -> tuple[Splits, str]:
    """The splits in the Hub's own Parquet copy of a dataset: ``config/split/0000.parquet``."""
    configs: dict[str, Splits] = {}
    for name in sorted(names):
        parts = name.split("/")
        if len(parts) == 3 and name.endswith(".parquet"):
            configs.setdefault(parts[0], {}).setdefault(parts[1], []).append(name)
    chosen = config or (next(iter(configs)) if len(configs) == 1 else "default")
    if chosen not in configs:
        mend = (
            f"Choose one with --config: {', '.join(configs)}." if configs else "Ask its owner for data files."
        )
        raise InputError(f"there is no config {chosen!r}", where=where, mend=mend)
    return configs[chosen], chosen


@lru_cache(maxsize=512)
def _glob(pattern: str) -> re.Pattern[str]:
    """A glob over paths as a pattern: * stays in one folder, ** crosses folders."""
    made, place = "", 0
    pattern = pattern.removeprefix("./")
    while place < len(pattern):
        if pattern.startswith("**/", place):
            made, place = made + "(?:.*/)?", place + 3
        elif pattern.startswith("**", place):
            made, place = made + ".*", place + 2
        elif pattern[place] == "*":
            made, place = made + "[^/]*", place + 1
        elif pattern[place] == "?":
            made, place = made + "[^/]", place + 1
        elif pattern[place] == "[" and "]" in pattern[place + 2 :]:
            end = pattern.index("]", place + 2)
            inside = pattern[place + 1 : end].replace("\\", "\\\\")
            made, place = made + "[" + re.sub("^!", "^", inside).replace("[", "\\[") + "]", end + 1
        else:
            made, place = made + re.escape(pattern[place]), place + 1
    return re.compile(made)
