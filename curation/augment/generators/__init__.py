"""Generators behind one small protocol: see ``base.py`` for it and ``specs.py`` for how a recipe names them."""
