"""What the script of a text says about its language: certain for most scripts, a short list for the others.

Letter frequencies (percent of letters) of the six Cyrillic languages that lid.176 mixes up are rounded from
published tables of running text; only letters that tell them apart are listed. The Croatian, Serbian and
Bosnian word lists hold everyday words of which each standard has its own form.
"""

from __future__ import annotations

import bisect
import functools
import math
import re
from collections import Counter
from collections.abc import Mapping

SCRIPTS: tuple[tuple[int, int, str], ...] = (
    (0x0041, 0x024F, "Latin"),
    (0x0250, 0x02AF, "Latin"),
    (0x0370, 0x03FF, "Greek"),
    (0x0400, 0x052F, "Cyrillic"),
    (0x0531, 0x058F, "Armenian"),
    (0x0591, 0x05F4, "Hebrew"),
    (0x0600, 0x06FF, "Arabic"),
    (0x0750, 0x077F, "Arabic"),
    (0x0780, 0x07BF, "Thaana"),
    (0x08A0, 0x08FF, "Arabic"),
    (0x0900, 0x097F, "Devanagari"),
    (0x0980, 0x09FF, "Bengali"),
    (0x0A00, 0x0A7F, "Gurmukhi"),
    (0x0A80, 0x0AFF, "Gujarati"),
    (0x0B00, 0x0B7F, "Oriya"),
    (0x0B80, 0x0BFF, "Tamil"),
    (0x0C00, 0x0C7F, "Telugu"),
    (0x0C80, 0x0CFF, "Kannada"),
    (0x0D00, 0x0D7F, "Malayalam"),
    (0x0D80, 0x0DFF, "Sinhala"),
    (0x0E00, 0x0E7F, "Thai"),
    (0x0E80, 0x0EFF, "Lao"),
    (0x0F00, 0x0FFF, "Tibetan"),
    (0x1000, 0x109F, "Myanmar"),
    (0x10A0, 0x10FF, "Georgian"),
    (0x1100, 0x11FF, "Hangul"),
    (0x1200, 0x137F, "Ethiopic"),
    (0x1780, 0x17FF, "Khmer"),
    (0x1E00, 0x1EFF, "Latin"),
    (0x1F00, 0x1FFF, "Greek"),
    (0x3005, 0x3007, "Han"),
    (0x3040, 0x30FF, "Kana"),
    (0x3130, 0x318F, "Hangul"),
    (0x31F0, 0x31FF, "Kana"),
    (0x3400, 0x4DBF, "Han"),
    (0x4E00, 0x9FFF, "Han"),
    (0xAC00, 0xD7AF, "Hangul"),
    (0xF900, 0xFAFF, "Han"),
    (0xFB50, 0xFDFF, "Arabic"),
    (0xFE70, 0xFEFF, "Arabic"),
    (0xFF66, 0xFF9F, "Kana"),
    (0x20000, 0x323AF, "Han"),
)
"""Unicode blocks, first and last code point, by script; only letters are asked for."""
_STARTS = [first for first, _, _ in SCRIPTS]
_BEFORE_LETTERS = bytes(range(_STARTS[0]))
OTHERS = re.compile(r"[^\x00-\x7f]")

LANGUAGES: dict[str, tuple[str, ...]] = {
    "Kana": ("ja",),
    "Hangul": ("ko",),
    "Thai": ("th",),
    "Lao": ("lo",),
    "Khmer": ("km",),
    "Georgian": ("ka", "xmf"),
    "Armenian": ("hy",),
    "Greek": ("el",),
    "Hebrew": ("he", "yi"),
    "Tamil": ("ta",),
    "Telugu": ("te",),
    "Kannada": ("kn",),
    "Malayalam": ("ml",),
    "Gujarati": ("gu",),
    "Gurmukhi": ("pa",),
    "Oriya": ("or",),
    "Sinhala": ("si",),
    "Tibetan": ("bo",),
    "Myanmar": ("my",),
    "Ethiopic": ("am",),
    "Thaana": ("dv",),
    "Bengali": ("bn", "as", "bpy"),
    "Devanagari": ("hi", "mr", "ne", "sa", "mai", "bh", "new", "gom"),
    "Arabic": ("ar", "fa", "ur", "ps", "ckb", "ug", "sd", "pnb", "azb", "mzn", "lrc"),
    "Han": ("zh", "ja"),
    "Cyrillic": (
        "ru", "uk", "bg", "sr", "mk", "be", "kk", "ky", "tg", "mn", "tt", "ba", "cv", "os", "ce", "av", "sah",
        "tyv", "mhr", "mrj", "myv", "kv", "xal", "krc", "lez", "rue",
    ),
}  # fmt: skip
"""The languages that lid.176 knows in each script but Latin; the first is taken where the model gives none."""
SAME: dict[str, str] = {"yue": "zh", "wuu": "zh", "arz": "ar", "min": "id"}
"""Labels of the model that are read as another: written forms of one language."""

FREQUENT: dict[str, dict[str, float]] = {
    "ru": {"а": 8.0, "о": 11.0, "у": 2.6, "т": 6.3, "ц": 0.5,
           "ы": 1.9, "э": 0.3, "ё": 0.1, "ъ": 0.04, "й": 1.2, "и": 7.4, "щ": 0.4, "ю": 0.6, "я": 2.0, "ь": 1.7},
    "uk": {"а": 8.3, "о": 9.3, "у": 3.5, "т": 5.3, "ц": 0.9,
           "і": 5.7, "ї": 0.6, "є": 0.6, "ґ": 0.02, "й": 1.1, "и": 6.1, "щ": 0.6, "ю": 0.9, "я": 2.3, "ь": 1.8},
    "be": {"а": 15.5, "о": 4.0, "у": 3.2, "т": 3.2, "ц": 3.6,
           "і": 4.2, "ў": 1.7, "ы": 3.9, "э": 1.5, "ё": 0.7, "й": 1.3, "ю": 0.8, "я": 3.4, "ь": 1.5},
    "bg": {"а": 12.0, "о": 9.0, "у": 1.6, "т": 7.5, "ц": 0.7,
           "ъ": 1.8, "й": 0.7, "и": 8.9, "щ": 0.7, "ю": 0.15, "я": 1.9, "ь": 0.02},
    "sr": {"а": 11.7, "о": 9.2, "у": 4.3, "т": 4.5, "ц": 0.8,
           "ј": 4.9, "и": 9.0, "љ": 0.5, "њ": 0.7, "ђ": 0.25, "ћ": 0.7, "џ": 0.04},
    "mk": {"а": 13.0, "о": 9.8, "у": 2.2, "т": 7.3, "ц": 0.8,
           "ј": 2.0, "и": 8.5, "љ": 0.1, "њ": 0.2, "ѓ": 0.2, "ќ": 0.4, "ѕ": 0.05, "џ": 0.04},
}  # fmt: skip
_TELLING = sorted({letter for table in FREQUENT.values() for letter in table})
_RARE = 0.005

JAPANESE = frozenset(
    "込働峠畑辻匂枠搾気仏仮伝価児両労勧収図囲圏圧変営実対専広庁応戦択拡拝拠検楽権歩沢渋満焼発県経続縄総聴脳蔵薬覚"
    "観訳読転軽辺醸鉄鉱銭録関隣隠雑駅験騒髄黒齢竜剣勲噛塩壊奨姫嬢巌巻廃弐払抜挙挿揺摂撃斉斎暁暦桜桟歯渓滝瀬猟獣畳様"
)
"""Kanji forms that neither Chinese standard uses in running text (made in Japan, or simplified there alone)."""
CHINESE = frozenset(
    "你她们們这這吗嗎呢吧么麼没沒很哪谁说给还过个为对时爱让请认识问题开关东车书话语读记讲课谢谈论发现样动见长门马鸟"
    "龙从几进远岁电脑视频网络经济义习乐单众优传价华卖卫厂厅历压县听启员响围图圆會對學國來氣發變當從"
)
"""Characters of everyday Chinese, in either standard, that modern Japanese writes otherwise or not at all."""

CROATIAN = (
    r"\b(?:tko|nitko|netko|tisuć\w*|tijek\w*|uvjet\w*|općenit\w*|opć\w+|glazb\w+|povijest\w*|znanst\w+|zrak\w*"
    r"|sveučiliš\w+|kazališ\w+|europ\w+|sustav\w*|točk\w+|točn\w+|tvar\w*|tlak\w*|kisik\w*|vodik\w*|dušik\w*"
    r"|ugljik\w*|kemij\w+|stroj\w*|računal\w+|susret\w*|razdoblj\w+|stoljeć\w+|obitelj\w*|vlastit\w+|kojemu|kojega"
    r"|kojoj|prosinc\w+|siječnj\w+|veljač\w+|ožujk\w+|travnj\w+|svibnj\w+|lipnj\w+|srpnj\w+|kolovoz\w+|rujn\w+"
    r"|listopad\w*|studen\w+|glede|sukladno|ukoliko|značajk\w+|navod\w+|čimbenik\w*|načel\w+|umjetn\w+"
    r"|tvornic\w+|suvremen\w+|razin\w+|otopin\w+|ovis\w+|demokracij\w*|natrij\w*|kalij\w*|kalcij\w*|\w{4,}oga|\w{4,}omu)\b"
)
SERBIAN = (
    r"\b(?:šta|ko|niko|neko|gde|ovde|uvek|posle|pre|reč\w*|vreme\w*|mest\w+|svet\w*|del\w+|deo|dete|deca|dec\w+"
    r"|lep\w*|bel\w+|vek\w*|celo\w*|cel\w+|hemij\w+|istorij\w+|evrop\w+|hiljad\w*|pozoriš\w+|vazduh\w*|sledeć\w+"
    r"|primer\w*|telo\w*|tel\w+|tečn\w+|tačk\w+|tačn\w+|sistem\w*|opšt\w+|uopšte|savet\w*|razum\w+|čovek\w*"
    r"|zahtev\w*|promen\w+|primen\w+|ćelij\w+|hlor\w*|azot\w*|kiseonik\w*|vodonik\w*|ugljenik\w*|jedinic\w+"
    r"|januar\w*|februar\w*|mart\w*|april\w*|juna|jula|avgust\w*|septemb\w+|oktob\w+|novemb\w+|decemb\w+)\b"
)
IJEKAVIAN = (
    r"\b\w*(?:vrijem|mjest|svijet|riječ|djel|dijel|prije|poslije|gdje|uvijek|dijete|djec|lijep|bijel|stoljeć|cijel"
    r"|sljedeć|primjer|tijel|savjet|razumij|čovjek|zahtjev|promjen|primjen|mjer|vjer|tjel|vjet|rijet|niječ|mijen)\w*\b"
)
BOSNIAN = r"\b(?:historij\w+|lahk\w+|kahv\w+|mehk\w+|polahko|hljeb\w*|sedmic\w*|općin\w+|bosn\w+)\b"


LATIN_I = re.compile(r"(?<=[а-яў])i|i(?=[а-яў])")
"""The Latin i inside Cyrillic words, which many type for the Ukrainian and Belarusian one."""


@functools.lru_cache(maxsize=8192)
def script_of(letter: str) -> str:
    """The script of one letter, or an empty text for one outside the table."""
    code = ord(letter)
    place = bisect.bisect_right(_STARTS, code) - 1
    if place < 0:
        return ""
    first, last, name = SCRIPTS[place]
    return name if first <= code <= last else ""


def scripts(text: str) -> Counter[str]:
    """How many letters of each script a text has."""
    # most texts are mostly ASCII, whose letters needn't be told apart
    latin = len(text.encode("ascii", "ignore").translate(None, _BEFORE_LETTERS))
    counts: Counter[str] = Counter({"Latin": latin} if latin else {})
    for letter, times in Counter(OTHERS.findall(text)).items():
        if name := script_of(letter):
            counts[name] += times
    return counts


def cyrillic(text: str, candidates: Mapping[str, float]) -> dict[str, float]:
    """Probabilities by language, after the letters that tell six Cyrillic languages apart have been counted.

    ``candidates`` are the model's probabilities. Languages without a letter table stay only where the text
    has letters that none of the six has. Evidence is tempered, since letters of one text depend on each other.
    """
    counts = Counter(LATIN_I.sub("і", text))
    letters = sum(n for letter, n in counts.items() if script_of(letter) == "Cyrillic")
    telling = {letter: counts[letter] for letter in _TELLING if counts[letter]}
    known = set("бвгдежзклмнпрсфхчш").union(_TELLING)
    strange = sum(
        n for letter, n in counts.items() if script_of(letter) == "Cyrillic" and letter not in known
    )
    logs: dict[str, float] = {}
    for name, table in FREQUENT.items():
        rates = {letter: table.get(letter, _RARE) / 100 for letter in _TELLING}
        rest = letters - sum(telling.values())
        likelihood = sum(n * math.log(rates[letter]) for letter, n in telling.items())
        likelihood += rest * math.log(1 - sum(rates.values()))
        logs[name] = 0.5 * likelihood + math.log(candidates.get(name, 0.0) + 1e-3) - 4.0 * strange
    top = max(logs.values())
    weights = {name: math.exp(value - top) for name, value in logs.items()}
    if strange:
        weights |= {name: p * math.exp(4.0) for name, p in candidates.items() if name not in FREQUENT}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def south_slavic(text: str, candidates: Mapping[str, float]) -> str:
    """Which of Croatian, Serbian and Bosnian a text in Latin letters is, by words that only one standard uses."""
    ijekavian = len(re.findall(IJEKAVIAN, text))
    croatian = len(re.findall(CROATIAN, text)) + 0.5 * ijekavian
    serbian = len(re.findall(SERBIAN, text))
    bosnian = 2.0 * len(re.findall(BOSNIAN, text)) + 0.3 * ijekavian if re.search(BOSNIAN, text) else 0.0
    scores = {"hr": croatian, "sr": serbian, "bs": bosnian}
    return max(scores, key=lambda name: (scores[name] + candidates.get(name, 0.0), name))
