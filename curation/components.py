"""Connected components of pairs."""

from __future__ import annotations

import numpy as np

from curation.words import I64


def clusters(count: int, left: I64, right: I64) -> I64:
    """For each of ``count`` places, the lowest place that pairs connect it with, itself when it is alone.

    Source: label propagation with pointer jumping (Shiloach and Vishkin, 1982).
    """
    label = np.arange(count)
    while True:
        low = np.minimum(label[left], label[right])
        before = label.copy()
        np.minimum.at(label, label[left], low)
        np.minimum.at(label, label[right], low)
        np.minimum.at(label, left, low)
        np.minimum.at(label, right, low)
        while not np.array_equal(label, label[label]):
            label = label[label]
        if np.array_equal(label, before):
            return label
