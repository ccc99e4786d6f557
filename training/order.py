"""A random order in which rows of like length are neighbours, the same for every process and after a resume.

A change of the order for the same rows and seed bumps ``training.key.ORDER``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch.utils.data import Sampler
from transformers.trainer_pt_utils import get_length_grouped_indices


class ByLength(Sampler[int]):  # type: ignore[misc]
    """Places of rows, drawn anew for each epoch; within 50 steps they are sorted by length, longest first.

    ``rows`` is what a step takes in all processes together; ``epoch`` tells how many epochs are done, parts included.
    """

    def __init__(self, lengths: list[int], rows: int, seed: int, epoch: Callable[[], float]) -> None:
        self.lengths, self.rows, self.seed, self.epoch = lengths, rows, seed, epoch

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        """The places of one epoch."""
        done = int(self.epoch() + 1e-6)
        generator = torch.Generator().manual_seed(self.seed + done)
        return iter(get_length_grouped_indices(self.lengths, self.rows, generator=generator))
