"""What people think of the answers, as JSON lines: one remark a line, with model, dataset and consent."""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chatbot_space.errors import ChatError
from chatbot_space.run import Run

VERSION = 1
COMPLAINTS = {
    "wrong": "It is wrong",
    "ignored": "It ignores what I asked",
    "incomplete": "It breaks off or leaves things out",
    "repeats": "It repeats itself or never ends",
    "style": "Tone or form is off",
    "unsafe": "It is harmful or private",
    "other": "Something else",
}
CONSENT = (
    "I agree that this conversation and my remarks are stored, with the model's and the dataset's version, "
    "to improve this model, and may become training data after review. No name or address is stored with them."
)
LONGEST = 20_000


class Feedback:
    """Writes remarks into ``folder``, one file per process, so that nobody ever edits another's file."""

    def __init__(self, folder: Path, run: Run) -> None:
        self.folder, self.run = folder, run
        self.path = folder / f"feedback-{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}.jsonl"
        self.lock = threading.Lock()

    def add(
        self,
        *,
        kind: str,
        messages: Sequence[Mapping[str, str]],
        consent: bool,
        model: str,
        complaint: str | None = None,
        correction: str | None = None,
        remark: str | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Store one remark and return it. ``kind`` is up, down or vote; ``messages`` end with the answer.

        Raises ChatError without consent, for an unknown kind or complaint, and for a text that is too long.
        """
        if consent is not True:
            raise ChatError("without your consent nothing is stored", mend="Tick the box above the button.")
        if kind not in ("up", "down", "vote"):
            raise ChatError(f"there is no feedback of kind {kind!r}")
        if complaint and complaint not in COMPLAINTS:
            raise ChatError(f"there is no complaint {complaint!r}")
        for text in (correction, remark):
            if text and len(text) > LONGEST:
                raise ChatError(f"that is longer than {LONGEST:,} characters", mend="Please shorten it.")
        line = {
            "schema_version": VERSION,
            "id": uuid.uuid4().hex,
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "run_id": self.run.run_id,
            "model": model,
            "base_model": Path(self.run.base_model).name
            if Path(self.run.base_model).is_absolute()
            else self.run.base_model,
            "dataset": self.run.dataset_name,
            "dataset_id": self.run.dataset.get("dataset_id"),
            "kind": kind,
            "complaint": complaint or None,
            "correction": (correction or "").strip() or None,
            "remark": (remark or "").strip() or None,
            "messages": [{"role": m["role"], "content": m["content"]} for m in messages],
            "consent": CONSENT,
            **more,
        }
        with self.lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps(line, ensure_ascii=False) + "\n")
                handle.flush()
                os.fsync(handle.fileno())
        return line
