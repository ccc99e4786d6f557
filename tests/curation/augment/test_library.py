"""nlpaug is loaded without torch, keeps no log of words, and says the same as it does by itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from curation.augment.generators import augmenters, library

pytest.importorskip("nlpaug", reason="nlpaug isn't installed: pip install 'tomewright[augment]'")
TEXT = "i think that the clerk will Quickly explain the whole contract before we pay for it because nobody reads it"


def test_nlpaug_loads_nothing_heavy_and_pandas_when_it_is_asked_for() -> None:
    program = (
        "import sys; from curation.augment.generators import library; library.augmenters();"
        "print(sorted({'torch', 'transformers', 'scipy.stats', 'nltk', 'sklearn', 'pandas', 'urllib3', 'nlpaug'} & set(sys.modules)));"
        "import nlpaug.base_augmenter as base; one = base.pd.DataFrame({'a': [1, 2]});"
        "import pandas; print(isinstance(one, pandas.DataFrame))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["['nlpaug']", "True"]


def test_others_find_what_nlpaug_is_kept_from() -> None:
    with library.light():
        other = library._Missing(library.HEAVY)
        other.thread += 1
        assert other.find_spec("torch") is None
        with pytest.raises(ModuleNotFoundError, match=r"scipy\.stats"):
            sys.meta_path[0].find_spec("scipy.stats", None)
    assert not any(isinstance(finder, library._Missing) for finder in sys.meta_path)


@pytest.mark.parametrize("name", ["spelling", "keyboard", "swap", "delete", "split"])
def test_words_without_a_log_are_the_same_words(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import random

    import numpy as np
    from nlpaug.util import Doc

    def said() -> list[list[str] | None]:
        tool = augmenters.tool(name, 0.3, 10)
        found = []
        for seed in range(60):
            random.seed(seed)
            np.random.seed(seed)
            words = TEXT.split()[seed % 3 :]
            out = tool(words, len(words))
            # a word that goes leaves its place empty here, and the halves of one share its place; nlpaug moves the others
            found.append(out and " ".join(out).split())
        return found

    ours = said()
    monkeypatch.setattr(augmenters, "Doc", Doc)
    assert said() == ours
    assert len({str(one) for one in ours}) > 2
