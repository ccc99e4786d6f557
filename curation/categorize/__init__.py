"""Ways to say what a conversation is about: a taxonomy and its nearest category, rules, named clusters."""
