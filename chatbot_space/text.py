"""Token ids into text as they come, never a broken character and never a word changed afterwards."""

from __future__ import annotations

from typing import Any


class Detokenizer:
    """Feeds on token ids and gives the text that is certain so far.

    Method: decode a short window before and after the new token and emit the difference, holding back
    while the text ends in an incomplete UTF-8 character (as text-generation-inference and vLLM do).
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.ids: list[int] = []
        self._start = 0  # the window's first id
        self._read = 0  # ids whose text has been given out

    def push(self, token_id: int) -> str:
        """Add one id and return the new text, which may be empty."""
        self.ids.append(token_id)
        before = self._decode(self.ids[self._start : self._read])
        after = self._decode(self.ids[self._start :])
        if len(after) <= len(before) or after.endswith("\ufffd"):
            return ""
        self._start, self._read = self._read, len(self.ids)
        return after[len(before) :]

    def rest(self) -> str:
        """What was held back, at the end."""
        before = self._decode(self.ids[self._start : self._read])
        after = self._decode(self.ids[self._start :])
        self._read = len(self.ids)
        return after[len(before) :]

    def _decode(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))
