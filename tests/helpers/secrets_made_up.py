"""Keys, cards and accounts that pass every check and are nobody's."""

from __future__ import annotations

# made up here, in pieces, so that no scanner takes them for real ones
LETTERS = "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8bC0dF2hJ4"
AWS = "AKIA" + "QX7RLT2MV9KD4WZP"
GITHUB = "ghp_" + LETTERS
HUGGING_FACE = "hf_" + "aQwErTyUiOpAsDfGhJkLzXcVbNmQwErTyU"
OPENAI = "sk-" + "proj-" + LETTERS + "_" + LETTERS[::-1]
SLACK = "xoxb-" + "291837465018-" + LETTERS[:24]
JWT = "eyJ" + "hbGciOiJIUzI1NiJ9" + "." + "eyJ" + "zdWIiOiI5ODcxMjM0In0" + "." + LETTERS
PRIVATE = (
    "-----BEGIN RSA "
    + "PRIVATE KEY-----\n"
    + LETTERS
    + "\n"
    + LETTERS
    + "\n-----END RSA "
    + "PRIVATE KEY-----"
)
CARD = "4539 1488 0343 6467"
SWISS = "CH93 0076 2011 6238 5295 7"
