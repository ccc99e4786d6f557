"""run.json is read and checked by the chatbot's own reader, against what curation's contract writes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chatbot_space.errors import RunError
from chatbot_space.run import find_run, read_run
from curation.contract import RunInfo


def test_reads_what_the_contract_writes(tiny_run: Path) -> None:
    ours, theirs = read_run(tiny_run), RunInfo.read(tiny_run)
    for name in (
        "run_id", "state", "base_model", "base_revision", "template", "template_date", "bos_token", "stop_tokens",
        "stop_token_ids", "system_prompt", "max_length", "dataset",
    ):  # fmt: skip
        assert getattr(ours, name) == getattr(theirs, name), name
    assert [(p.messages, p.input_ids) for p in ours.probes] == [
        (p.messages, p.input_ids) for p in theirs.probes
    ]
    assert ours.adapter == tiny_run / "adapter"


def test_found_by_name_and_by_path(tiny_run: Path) -> None:
    home = tiny_run.parent.parent
    assert find_run("tiny", home) == tiny_run
    assert find_run(str(tiny_run), home) == tiny_run
    assert find_run(str(tiny_run / "run.json"), home) == tiny_run


def test_an_unknown_run_names_the_known_ones(tiny_run: Path) -> None:
    with pytest.raises(RunError, match=r"there is no run 'tinny'.*: tiny\."):
        find_run("tinny", tiny_run.parent.parent)
    with pytest.raises(RunError, match="holds no runs yet"):
        find_run("tiny", tiny_run)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"template": ...}, "field 'template' is missing"),
        ({"max_length": "2048"}, "max_length should be int, found '2048'"),
        ({"stop_token_ids": []}, "no stop token"),
        ({"stop_token_ids": [2, None]}, r"stop_token_ids\[1\] should be int"),
        ({"schema_version": 2}, "schema_version 2, this chatbot reads 1"),
        ({"state": "finished"}, "state is 'finished'"),
        ({"probes": [{"messages": [{"role": "user"}], "input_ids": [1]}]}, "needs a role and a content"),
        ({"adapter": "../../elsewhere"}, "leaves the run folder"),
    ],
)
def test_a_broken_run_json_names_the_field(
    own_run: Path, edit_run: Callable[..., None], changes: dict[str, object], message: str
) -> None:
    edit_run(own_run, **changes)
    with pytest.raises(RunError, match=message):
        read_run(own_run)


def test_unreadable_and_missing(own_run: Path) -> None:
    (own_run / "run.json").write_text('{"run_id": ')
    with pytest.raises(RunError, match=r"run\.json: unreadable"):
        read_run(own_run)
    (own_run / "run.json").unlink()
    with pytest.raises(RunError, match=r"there is no run\.json"):
        read_run(own_run)


def test_a_damaged_adapter_is_refused(own_run: Path) -> None:
    weights = own_run / "adapter" / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(RunError, match=r"adapter_model\.safetensors: this file is damaged or was changed"):
        read_run(own_run)


def test_a_missing_adapter_file_is_refused(own_run: Path) -> None:
    (own_run / "adapter" / "adapter_model.safetensors").unlink()
    with pytest.raises(RunError, match="this file of the adapter is missing"):
        read_run(own_run)


@pytest.mark.parametrize(
    ("state", "mend"), [("running", "still training"), ("stopped", "--resume"), ("failed", "NaN loss")]
)
def test_a_run_without_adapter_says_why(
    own_run: Path, edit_run: Callable[..., None], state: str, mend: str
) -> None:
    shutil.rmtree(own_run / "adapter")
    edit_run(own_run, state=state, error="NaN loss" if state == "failed" else None)
    with pytest.raises(RunError, match=mend):
        read_run(own_run)
    assert read_run(own_run, adapter_needed=False).adapter is None


def test_a_noted_file_outside_the_adapter_is_not_opened(own_run: Path, edit_run: Callable[..., None]) -> None:
    edit_run(own_run, adapter_files={"../../../etc/passwd": {"sha256": "0" * 64, "bytes": 1}})
    with pytest.raises(RunError, match="outside the adapter's folder"):
        read_run(own_run)


def test_unknown_fields_are_kept_as_facts(own_run: Path, edit_run: Callable[..., None]) -> None:
    edit_run(own_run, metrics={"eval_loss": 1.5})
    assert read_run(own_run).facts["metrics"] == {"eval_loss": 1.5}
    assert json.dumps(read_run(own_run).facts)
