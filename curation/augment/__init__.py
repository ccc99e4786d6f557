"""Augmentation that can be trusted: protect, generate, gate, and account for every candidate.

protect.py     what no generator may touch, and putting it back
generators/    texts in, candidates out; one file per family
gates.py       what a candidate must pass, each with its measured value
judge.py       measures it: measures.py does so for many texts at once, near.py against all other rows, by alike.py
work.py        making and measuring some candidates, which any process can do; crew.py spreads it over processes
engine.py      candidates by category until the target or the effort limit is reached
llm.py         one protocol for language models; llm_http.py and llm_local.py speak it, llm_client.py keeps cache and account
garbage.py     loading what stays without being searched for garbage
resources.py   WordNet, the tagger and Apertium: what is there, and how it is set up
"""
