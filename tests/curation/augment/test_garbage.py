"""What stays isn't searched for garbage; everything else is, as before."""

from __future__ import annotations

import gc

import pytest

from curation.augment.garbage import lasting


@pytest.mark.parametrize("on", [True, False])
def test_garbage_is_looked_for_again_afterwards(on: bool) -> None:
    before, frozen = gc.isenabled(), gc.get_freeze_count()
    (gc.enable if on else gc.disable)()
    try:
        with pytest.raises(ValueError, match="failed"), lasting():
            assert not gc.isenabled()
            kept: list[object] = []
            kept.append(kept)
            raise ValueError("failed")
        assert gc.isenabled() == on
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
        (gc.enable if before else gc.disable)()
