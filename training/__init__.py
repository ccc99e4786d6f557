"""Training: an export folder in, a run folder out. It knows ``curation.contract`` and no other station."""
