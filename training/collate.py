"""Rows to batches: padded on the right, or packed end to end without any padding.

Labels come with the rows and are never derived from the ids, so a real end token keeps its loss even where
the padding token is the same token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.template import IGNORE


@dataclass(frozen=True)
class Padded:
    """Pads each batch to its longest row (on a GPU to a multiple of 8), with an attention mask.

    Gives ``input_ids``, ``attention_mask`` and ``labels`` of shape [rows, longest], int64.
    """

    pad_id: int
    multiple: int = 1

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """One batch of the rows; each has ``input_ids`` and ``labels``."""
        import torch

        longest = max(len(feature["input_ids"]) for feature in features)
        longest += -longest % self.multiple
        shape = (len(features), longest)
        ids = torch.full(shape, self.pad_id, dtype=torch.int64)
        mask = torch.zeros(shape, dtype=torch.int64)
        labels = torch.full(shape, IGNORE, dtype=torch.int64)
        for place, feature in enumerate(features):
            length = len(feature["input_ids"])
            ids[place, :length] = torch.as_tensor(feature["input_ids"])
            mask[place, :length] = 1
            labels[place, :length] = torch.as_tensor(feature["labels"])
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}


@dataclass(frozen=True)
class Packed:
    """Lays rows end to end in one sequence; position ids start again at each row, so rows can't see each other.

    A GPU is slow at each length that it meets for the first time, and packs are nearly full but each by another few tokens:
    with a ``multiple`` the sequence is filled up with a row of padding that has no loss, and most are of one length.

    Gives ``input_ids``, ``labels`` and ``position_ids`` of shape [1, tokens], int64, and no attention mask.
    With ``lengths_too`` also ``packed_seq_lengths`` of shape [rows], int32, which Unsloth's attention reads;
    transformers finds the rows by their position ids. The first label of each row is masked: it would be
    predicted from the row before.
    """

    lengths_too: bool
    pad_id: int = 0
    multiple: int = 1

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """One sequence of the packs; each has ``input_ids``, ``labels`` and ``seq_lengths``."""
        import torch

        lengths = [length for feature in features for length in feature["seq_lengths"]]
        ids = [torch.as_tensor(feature["input_ids"]) for feature in features]
        marks = [torch.as_tensor(feature["labels"]) for feature in features]
        if filler := -sum(lengths) % self.multiple:
            lengths.append(filler)
            ids.append(torch.full((filler,), self.pad_id))
            marks.append(torch.full((filler,), IGNORE))
        labels = torch.cat(marks).long()
        positions = torch.cat([torch.arange(length) for length in lengths])
        labels = torch.where(positions == 0, torch.full_like(labels, IGNORE), labels)
        batch = {
            "input_ids": torch.cat(ids).long()[None],
            "labels": labels[None],
            "position_ids": positions[None],
        }
        if self.lengths_too:
            batch["packed_seq_lengths"] = torch.tensor(lengths, dtype=torch.int32)
        return batch
