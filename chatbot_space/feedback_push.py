"""On a Space, whose disk is lost: remarks go to a dataset repository, a commit every few minutes."""

from __future__ import annotations

import logging
import threading
from typing import Any

from chatbot_space.feedback import Feedback

log = logging.getLogger("chatbot_space")

EVERY = 120.0
"""Seconds between two commits; nothing is sent while nobody remarks."""


class Courier:
    """Sends a feedback file to ``feedback/<its name>`` of a dataset repository whenever it has grown.

    One thread, one file per process, so no commit can meet another's change. A failed commit is logged and
    tried again at the next round: nothing is lost while the process lives. ``close`` sends the rest.
    """

    def __init__(self, feedback: Feedback, repo: str, hub: Any, every: float = EVERY) -> None:
        self.feedback, self.repo, self.hub, self.every = feedback, repo, hub, every
        self._sent = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="feedback courier")

    def start(self) -> Courier:
        """Make the repository, private, where it is missing, and begin."""
        self._thread.start()
        return self

    def send(self) -> bool:
        """Send the file if it has grown; whether it is all there now."""
        path = self.feedback.path
        with self.feedback.lock:
            data = path.read_bytes() if path.is_file() else b""
        if len(data) <= self._sent:
            return True
        try:
            self.hub.create_repo(self.repo, repo_type="dataset", private=True, exist_ok=True)
            self.hub.upload_file(
                path_or_fileobj=data, path_in_repo=f"feedback/{path.name}", repo_id=self.repo, repo_type="dataset",
                commit_message="Feedback",
            )  # fmt: skip
        except Exception:
            log.exception("feedback could not be sent; it is kept and sent with the next")
            return False
        self._sent = len(data)
        return True

    def close(self) -> None:
        """Stop and send what is left."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        self.send()

    def _run(self) -> None:
        while not self._closing.wait(self.every):
            self.send()
