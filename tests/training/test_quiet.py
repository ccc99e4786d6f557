"""What is set before the libraries are imported."""

from __future__ import annotations

import os

import pytest

from training.quiet import set_environment


def test_kernels_of_many_widths_are_kept_unless_the_user_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "CUBLASLT_HEURISTICS_CACHE_CAPACITY"
    monkeypatch.delenv(name, raising=False)
    set_environment()
    assert int(os.environ[name]) > 8192  # what cuBLAS keeps by itself
    monkeypatch.setenv(name, "5")
    set_environment()
    assert os.environ[name] == "5"
