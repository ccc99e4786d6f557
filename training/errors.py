"""What can go wrong in training, under the one error tree of the project.

TomeError
├── ConfigError            a config file, preset or override that can't be used
├── ModelError             the base model isn't there, isn't a causal language model, has no chat template
├── DataError              the export fails its hashes, is empty, or holds rows that can't be trained on
├── ResumeError            the run can't be resumed as asked
├── MissingPackageError    a package that training needs isn't installed
├── OutOfMemoryError       the device ran out of memory; what to lower
├── HubError               the Hub can't be reached, or said no
├── LostProcessError       another process of a run on several GPUs ended; exit code 1
└── NotANumberError        the loss left the numbers; exit code 1
"""

from __future__ import annotations

from curation.contract import TomeError


class ConfigError(TomeError):
    """A config file, preset or override that can't be used."""


class ModelError(TomeError):
    """The base model isn't there, isn't a causal language model, or has no chat template."""


class DataError(TomeError):
    """The export fails its hashes, is empty, or holds rows that can't be trained on."""


class ResumeError(TomeError):
    """The run can't be resumed as asked."""


class MissingPackageError(TomeError):
    """A package that training needs isn't installed."""

    @classmethod
    def of(cls, package: str) -> MissingPackageError:
        """The error for a missing package, naming the extra that brings it."""
        return cls(f"{package} isn't installed", mend="Install it with: pip install 'tomewright[train]'.")


class OutOfMemoryError(TomeError):
    """The device ran out of memory."""


class HubError(TomeError):
    """The Hub can't be reached, or said no."""


class LostProcessError(TomeError):
    """Another process of a run on several GPUs ended before its time."""

    exit_code = 1


class NotANumberError(TomeError):
    """The loss or a gradient left the numbers."""

    exit_code = 1
