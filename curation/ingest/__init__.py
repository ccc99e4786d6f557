"""Ingest: a URI in, rows and rejects with reasons out.

    uri -> pipeline -> local files (local.py) or Hub files (hub.py)
        -> a reader per kind of file (jsonl, json_file, delimited, columnar) -> records
        -> a shape per record (shapes, conversation, pairs, tree) -> messages, or a reject with its reason
        -> rows

What others use is here; the modules below are free to change.
"""

from curation.ingest.pipeline import Ingested, ingest

__all__ = ["Ingested", "ingest"]
