"""Small words that a short text can hardly do without, by language: names and terms mislead a letter model.

Only words that few of the other lists share; the lists are short on purpose.
"""

from __future__ import annotations

_WORDS: dict[str, str] = {
    "en": "the of and to is are was were what how why who when which where does did can could would should this that these"
    " with for from your you my he she it they we be been has have not there their its about into between please give"
    " write list name if than causes let",
    "de": "der die das und ist sind war wie wer wo warum welche welcher nicht ein eine einen dem den des im mit für von zu"
    " auf bei ich du wir sie kann wird was auch",
    "fr": "le la les des du et est sont que qui quoi comment pourquoi dans pour avec une un au aux ce cette je tu vous nous"
    " il elle ne pas sur quelle quel",
    "es": "el la los las y es son que qué quién cómo por para con una un en del al se no su sus más está cuál dónde lo tu yo"
    " mi eres estás",
    "it": "il lo gli le e è sono che chi come perché di con una un del della nel non si più quale dove cosa hai ho sei mi",
    "pt": "o a os as e é são que quem como por para com uma um em do da dos das no na não se mais você qual onde eu tu seu",
    "nl": "de het een en is zijn wat wie hoe waarom waar van met voor niet op in dat die deze ik je jij hij zij wij naar bij"
    " aan ook was",
    "sv": "och är att det en ett som vad vem hur varför när på av för med inte jag du vi den till ska kan ja eller krävs"
    " ger alla",
    "ru": "и в не на что кто как это ты я он она мы вы с по для или из ли быть есть от мой когда где если у все",
    "uk": "і й та в у не на що хто як це ти я він вона ми ви з для або із чи бути є від мій коли де якщо до є",
    "be": "і ў у не на што хто як гэта ты я ён яна мы вы з для або ці ёсць ад мой калі дзе да ды ні па",
    "bg": "и в не на какво кой кое как това ти аз той тя ние вие с за или от ли е са да се към като през които",
    "sr": "и у не на шта ко како то ти ја он она ми ви са за или од ли је су да се који која које што",
    "mk": "и во не на што кој која кое како тоа ти јас тој таа ние со за или од ли е се да ќе кои",
}  # fmt: skip
WORDS: dict[str, frozenset[str]] = {name: frozenset(words.split()) for name, words in _WORDS.items()}


def known_words(text: str) -> dict[str, float]:
    """The share of a text's words that are small words of each language; languages with none are left out."""
    words = text.split()
    shares = {}
    for name, own in WORDS.items():
        if hits := sum(word in own for word in words):
            shares[name] = hits / len(words)
    return shares
