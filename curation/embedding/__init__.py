"""Texts as vectors: a view of a conversation, an encoder, a cache, and one function, ``vectors``.

Vectors are int8, each row scaled so that its largest component is 127. Sums of products of such numbers
are exact in float arithmetic, so a cosine is the same on any machine and with any number of threads, and
100,000 rows of 256 components take 26 MB. Vectors live in the cache folder and in memory, never in rows.
"""

from curation.errors import MissingExtra

try:
    import numpy
except ModuleNotFoundError:
    raise MissingExtra.of("numpy", "embed") from None

from curation.embedding.lookup import encoder, kept, keys, lacking, vectors
from curation.embedding.models import Encoder, load_encoder
from curation.embedding.numbers import Vectors, cosines, quantise
from curation.embedding.view import View, text_view

del numpy
__all__ = [
    "Encoder",
    "Vectors",
    "View",
    "cosines",
    "encoder",
    "kept",
    "keys",
    "lacking",
    "load_encoder",
    "quantise",
    "text_view",
    "vectors",
]
