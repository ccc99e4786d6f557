"""The errors that a user can act on, as one small tree.

    TomeError                    says what happened, where, and the mend; exit code 2
    ├── InputError               a file, field or value that was given is wrong
    │   ├── RecipeError          a recipe that can't be read, or whose order would leak
    │   └── ContractError        an export.json or run.json that breaks its contract
    ├── StoreError               a version that isn't there or is damaged
    │   └── StoreBusy            another process is writing to the store
    ├── MissingExtra             an optional dependency isn't installed
    ├── HubError                 the Hugging Face Hub can't be reached or says no
    └── StepError                a step failed on a row or broke a law; exit code 1

Every command prints ``str(error)`` as one line and leaves with ``exit_code``; nobody sees a traceback
unless they ask for it with ``--debug``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TomeError(Exception):
    """What happened, where, and how to mend it.

    ``where`` is a file, file:line, row or field; ``mend`` is a sentence that tells what to do next.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str | None = None, mend: str | None = None) -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(what)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        line = f"{head.rstrip('.')}. {self.mend}" if self.mend else head
        return " ".join(line.split())

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the trip back from a worker process with all three parts."""
        return _rebuild, (type(self), self.what, self.where, self.mend)


def _rebuild(kind: type[TomeError], what: str, where: str | None, mend: str | None) -> TomeError:
    return kind(what, where=where, mend=mend)


class InputError(TomeError):
    """A file, field or value that the user gave is wrong."""


class RecipeError(InputError):
    """A recipe that can't be read, or whose order would leak evaluation rows into training."""


class ContractError(InputError):
    """An export.json or run.json that breaks the contract between stations."""


class StoreError(TomeError):
    """A version that isn't there, is damaged, or a store that can't be written to."""


class StoreBusy(StoreError):
    """Another process is writing to the store; a job would wait for its turn."""


class MissingExtra(TomeError):
    """An optional dependency isn't installed."""

    @classmethod
    def of(cls, package: str, extra: str) -> MissingExtra:
        """The error for a missing ``package``, naming the extra of ours that brings it."""
        return cls(f"{package} isn't installed", mend=f"Install it with: pip install 'tomewright[{extra}]'.")


class HubError(TomeError):
    """The Hugging Face Hub can't be reached, or refused."""


class StepError(TomeError):
    """A step failed on a row, or broke one of the laws of its kind."""

    exit_code = 1


def nearest(word: str, choices: Iterable[str]) -> str:
    """A mend that names the nearest right word, and all of them when they are few.

    >>> nearest("treshold", ["threshold", "seed"])
    "Did you mean 'threshold'? Known: seed, threshold."
    """
    known = sorted(set(choices))
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"Did you mean '{close[0]}'? " if close else ""
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    return f"{hint}Known: {shown}."


def nearest_column(name: str, columns: Iterable[str]) -> str:
    """A mend for a column that isn't there: the step that makes it, where that hasn't run, else the nearest name.

    >>> nearest_column("stats.words", ["id"])
    'Put a stats step before.'
    """
    from importlib.util import find_spec

    known = set(columns)
    op, dot, _ = name.partition(".")
    ran = any(column.startswith(f"{op}.") for column in known)
    if dot and op.isidentifier() and not ran and find_spec(f"curation.steps.{op}"):
        return f"Put {'an' if op[0] in 'aeiou' else 'a'} {op} step before."
    return nearest(name, known)
