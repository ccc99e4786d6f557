"""A model of the Hub is asked for once, and what went wrong is one line with the mend."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub", reason="huggingface_hub isn't installed: no Hub test can run")
pytest.importorskip(
    "sentence_transformers", reason="sentence-transformers isn't installed: no model can be asked for"
)

from hub_standin import HubStandIn

from curation.embedding import load_encoder
from curation.errors import HubError
from curation.hub import need_model
from curation.lm import load
from curation.tokenizer import load_tokenizer

LOADERS = {
    "tokens": load_tokenizer,
    "embed": load_encoder,
    "perplexity": lambda name: load(name, None, "cpu", 64, 64),
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubStandIn]:
    with HubStandIn() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
        yield server


@pytest.mark.parametrize("step", LOADERS)
def test_a_mistyped_id_is_one_line(step: str, hub: HubStandIn, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HubError) as caught:
        LOADERS[step](f"someone/mistyped-{step}")
    assert str(caught.value) == (
        f"someone/mistyped-{step}: the Hub has no such model, or you may not see it. "
        "Check the id, log in for a private one (hf auth login), or give the folder of a model."
    )
    assert capfd.readouterr() == ("", "")


def test_a_hub_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, hub: HubStandIn) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(HubError, match=r"^someone/model: the Hub can't be reached: "):
            need_model("someone/model")


def test_what_is_here_or_there_is_let_through(hub: HubStandIn, tmp_path: Path) -> None:
    hub.add("models", "someone/there", {"config.json": "{}"})
    need_model("someone/there")
    need_model(str(tmp_path))
    kept = tmp_path / "models--someone--fetched" / "snapshots" / "abc"
    kept.mkdir(parents=True)
    (kept / "config.json").write_text("{}")
    need_model("someone/fetched")
    with pytest.raises(HubError, match="has no revision 'v9'"):
        need_model("someone/there", "v9")
