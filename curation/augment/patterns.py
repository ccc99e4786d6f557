"""What counts as protected, as patterns in order of precedence; all of them take linear time."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

UNITS = (
    r"[ap]\.\s?m\.|%|‰|°\s?[CFK]?|[kKMGTcmµμnd]?(?:m|g|s|l|L|W|V|A|J|N|Ω|C|F|K|M|Pa|Hz|B|b|bit|bits|bytes|bps|mol|cal)(?:[²³]|\^?[23])?"
    r"|[KMGT]i?B|mph|kph|rpm|ppm|psi|dpi|fps|px|pt|bar|ha|oz|lbs?|ft|in|yd|mi|miles?|km|inches|feet|pounds?|stone|gallons?|tons?|tonnes?"
    r"|euros?|dollars?|cents?|pence|p|bn|seconds?|secs?|minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?|yrs?"
    r"|am|pm|degrees?|percent|per cent|metres?|meters?|grams?|kilograms?|litres?|liters?|volts?|watts?"
    r"|kilos?|millas?|d[oó]lares|cent(?:avo|imo|ésimo|esimo)s?|segundos?|minutos?|horas?|d[ií]as?|semanas?|mes(?:es)?|m[eê]s|años?|anos?"
    r"|(?:kil[oó]|cent[ií]|mil[ií])?metros?|(?:kilo|mili)?gramos?|(?:quilo)?gramas?|litros?|grados?|graus?|por ciento|por cento"
    r"|(?:kilo|centi|milli)?mètres?|(?:kilo|milli)?grammes?|secondes?|heures?|jours?|semaines?|mois|ans|années?|degrés?|pour cent|livres?"
    r"|(?:Kilo|Zenti|Milli)?[Mm]eter|(?:Kilo|Milli)?[Gg]ramm|Pfund|Tonnen?|Liter|Sekunden?|Minuten?|Stunden?|Uhr|Tagen?|Tage|Wochen?|Monate?n?|Jahre?n?|Euro|Cent|Grad|Prozent"
    r"|(?:chilo|centi|milli)?metr[oi]|(?:chilo|milli)?gramm[oi]|litr[oi]|second[oi]|minut[oi]|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi]|grad[oi]|per cento"
    r"|seconden|minuten|uur|dagen|weken|maanden|jaar|graden|procent"
    r"|(?:[кмс]?м|к?г|м?л|[смч]|ч|км/ч|мин|сек|шт|руб|коп)\.?|метр\w{0,2}|километр\w{0,2}|грамм\w{0,2}|килограмм\w{0,2}|литр\w{0,2}|секунд\w?|минут\w?"
    r"|час\w{0,2}|дн\w{1,2}|день|недел\w|месяц\w{0,2}|год\w?|лет|рубл\w{1,2}|евро|градус\w{0,2}|процент\w{0,2}"
)
"""Behind a number: SI and English, then Spanish and Portuguese, French, German, Italian, Dutch, Russian. In Chinese and Japanese a run with a digit is one span."""
SCALES = r"(?:hundreds?|thousands?|millions?|billions?|trillions?|dozens?|lakhs?|crores?)"
# a sign, a currency, a digit or a point to begin with, and what may follow each
NUMBER = (
    r"[+\-−±~≈£$€¥₹.\d](?<![\w.].)(?:(?<=[+\-−±~≈])(?:[£$€¥₹]\s?)?(?:\d+(?:[.,:/\-–x×]\d+)*|\.\d+)"
    r"|(?<=[£$€¥₹])\s?(?:\d+(?:[.,:/\-–x×]\d+)*|\.\d+)|(?<=\d)\d*(?:[.,:/\-–x×]\d+)*|(?<=\.)\d+)"
    r"(?:[eE][+\-]?\d+)?(?:st|nd|rd|th)?"
    rf"(?:\^[+\-−]?\d+)?(?:[\s\-]?+{SCALES}(?!\w))?(?:[\s\-]?+(?:{UNITS})(?!\w))?(?:\s?[£$€¥₹](?!\w))?"
    rf"(?:[/·](?:{UNITS})(?!\w))*(?!\w)"
)
NAME = r"[A-Z](?<=[a-z\d,;:] [A-Z])[\w'’]*[A-Za-z](?: [A-Z][\w'’]*[A-Za-z])*(?!\w)"
LINES = re.compile(
    r"^(?: {4,}|\t)[^\n]+$|^(?:[^\n;{}]*+[;{}])++[ \t\r]*$"
    r"|^[ \t]*(?:(?:async )?def |class |import |from [\w.]+ import |return\b|elif |for [^\n]{1,200} in [^\n]{1,200}:[ \t\r]*$|while [^\n]{1,200}:[ \t\r]*$|if [^\n]{1,200}:[ \t\r]*$|print\(|@\w|#include|<\?php|(?:SELECT|INSERT|UPDATE|DELETE|CREATE)\b)[^\n]*$"
    r"|^[ \t]*[A-Za-z_][\w.\[\]]{0,80} ?(?:[-+*/|&]?=|\(|->) ?[^\n]*$|^[ \t]*(?:\$|>>>|\.\.\.) [^\n]*$|^[ \t]*//[^\n]*$", re.M)  # fmt: skip
"""Lines of code, each found by itself."""
TLD = r"(?:com|org|net|io|edu|gov|example|ai|dev|uk|de|fr|es|eu)"
EXTENSION = r"(?:py|js|ts|tsx|json|ya?ml|toml|csv|tsv|txt|md|html?|css|java|c|h|cpp|rs|go|sh|sql|xml|pdf|docx?|xlsx?|png|jpe?g|gif|zip|gz|tar|parquet|ipynb|ini|cfg|log|exe|so|dll)"
# a capital amid a word, a point in a word, a bracket that is closed, an option, a sign
IDENTIFIER = (
    r"[(.\-_@#+A-Z](?:(?<=[a-z][A-Z])|(?<![A-Z])(?:(?<=\w\.)[A-Za-z_]|(?<=\w\()[^()\n]{0,100}\)|(?<![\w.]-)(?<=-)-?[A-Za-z]"
    r"|(?<=_)|(?<=\.)NET|(?<=[@#])\w|(?<=[A-Z][#+])))"
)
# a slash that begins a path, or one in a word that a point follows
SLASH = r"/(?:(?<!\w/)[\w.\-@+]|[\w\-/]{0,610}+\.)|:\\|\\\\"


# what stands before a fence: space, or the marks of a quotation or a list item where the line has no other such signs
FENCED = r"(?:[ \t]*|[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?=[`~]{3,}[^`\n]*$))"
INSIDE = r"\([^\s<>\"'`()]{0,200}\)"
ADDRESS = rf"(?:[^\s<>\"'`()]|{INSIDE}|\((?!{INSIDE[2:]}))"
ENDING = rf"(?:[^\s<>\"'`.,;:!?()\]}}]|{INSIDE})"
"""A character or bracket of an address, and what one ends in: brackets in it are closed."""


DIGIT, CAPITAL = "0", "A"
"""What stands for any digit, and for any capital."""
ADDRESS_SIGN, POINT = "://", ".a"
"""What stands for "://" and "www.", and for a point before a small letter or a digit."""


class Pattern(NamedTuple):
    """How one kind of protected text is found."""

    kind: str
    """Named in evidence and reasons."""
    signs: str | tuple[str, ...]
    """Characters of which a text must have one, DIGIT for any digit, CAPITAL for any capital, or one of what stands for more; empty where every text is searched."""
    pattern: re.Pattern[str]
    near: re.Pattern[str] | str | None = None
    """What every match has (or DIGIT), and what is quicker to look for; whether it is there doesn't hang on what stands behind it."""
    reach: int = sys.maxsize
    """How many characters after a match's start that begins, at most."""


# Each is tried left to right over the text, and what an earlier one took is gone for later ones. A pattern that begins with a letter of its
# own, what stands before being looked at afterwards, is found several times as fast as one that begins with a look behind.
PATTERNS = (
    Pattern("code", "`~", re.compile(rf"^{FENCED}(`{{3,}}+|~{{3,}}+)[^\n]*+\n(?:.*?\n)??[ \t>]*\1[`~]*+[ \t\r]*$|^{FENCED}(?:`{{3}}|~{{3}})[\s\S]*", re.M | re.S), re.compile("```|~~~")),
    Pattern("code", "`", re.compile(r"`(?:(?<!``)`(?!`)(?:[^`\n]|`(?!`)){1,500}``(?!`)|(?!`)[^`\n]{1,500}`(?!`))")),
    Pattern("code", "<", re.compile(r"<(code|pre|script|style|kbd|samp|math)\b[^<>]{0,300}>[\s\S]{0,2000}?</\1>|<!--[\s\S]{0,2000}?-->")),
    Pattern("latex", "$\\", re.compile(r"\$\$[^$]{1,5000}+\$\$|\\\[(?:[^\\]|\\[^\[\]]){1,5000}+\\\]|\\\((?:[^\\\n]|\\[^()\n]){1,1000}+\\\)")),
    Pattern("latex", "\\", re.compile(r"\\begin\{([A-Za-z]{1,30}\*?)\}[\s\S]{0,2000}?\\end\{\1\}")),
    Pattern("latex", "$", re.compile(r"\$(?<![\w$\\]\$)(?=[^\s$])[^$\n]{1,300}(?<=[^\s$])\$(?![\w$])")),
    Pattern("latex", "\\", re.compile(r"\\(?<![\\\w:]\\)[A-Za-z]{1,30}\*?(?:\[[^\[\]\n]{0,100}\])?(?:\{[^{}\n]{0,200}\}){0,4}")),
    Pattern("placeholder", "{%[$", re.compile(
        r"\{\{\{?[^{}\n]{1,200}\}?\}\}|\{%[^{}%\n]{1,200}%\}|\$\{[^{}\n]{1,100}\}|\{[^{}\n]{0,100}\}|%(?<![\w%]%)[A-Za-z]\w{0,60}%(?!\w)|%\([\w ]{1,60}\)[sdifr]|%(?<![\w%]%)[sdifr](?!\w)"
        r"|\[\[[^\[\]\n]{1,200}\]\]|\[[A-Za-z][^\[\]\n]{0,60}\](?!\()|\$(?<![\w$]\$)[A-Za-z_]\w{0,60}(?![\w$])")),
    Pattern("e-mail", "@", re.compile(r"(?<![\w.+\-])[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8}"), re.compile(r"@[\w\-]"), 64),
    Pattern("url", (ADDRESS_SIGN,), re.compile(rf"\b(?:[A-Za-z][A-Za-z+.\-]{{1,15}}://|www\.){ADDRESS}{{0,2000}}{ENDING}"), re.compile(r"://|www\."), 16),
    Pattern("url", (POINT,), re.compile(rf"\b[A-Za-z0-9][\w\-]{{0,60}}(?:\.[A-Za-z0-9][\w\-]{{0,60}}){{0,5}}\.{TLD}\b(?:/{ADDRESS}{{0,500}}{ENDING})?"), re.compile(rf"\.{TLD}"), 371),
    Pattern("tag", "<&", re.compile(r"<[A-Za-z/!|?][^<>\n]{0,300}>|&(?:[A-Za-z]\w{1,30}|#\w{1,7});")),
    Pattern("table", "|", re.compile(r"^[ \t]*\|[^\n]*$|^[^|\n]{1,500}\|[^\n]*\n[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t\r]*$(?:\n[^|\n]{0,500}\|[^\n]*$)*", re.M)),
    Pattern("code", "", LINES),
    Pattern("path", "/\\", re.compile(r"(?<![\w/.])(?:~|\.{1,2})?/(?:[\w.\-@+]{1,100}/){0,20}[\w.\-@+]{1,100}|(?<!\w)(?:[A-Za-z]:|\\)\\(?:[^\\/:*?\"'<>|\n]{0,80}[^\\/:*?\"'<>|\s]\\){0,20}[^\s\"'<>|]{1,300}|(?<![\w/])[\w\-]{1,60}(?:/[\w.\-]{1,60}){1,10}\.\w{1,6}\b"), re.compile(SLASH), 60),
    Pattern("path", (POINT,), re.compile(rf"(?<![\w.])[\w\-]{{1,60}}\.{EXTENSION}\b"), re.compile(rf"\.{EXTENSION}"), 60),
    Pattern("quote", "\"“«»‹›‘'`„‚「『《", re.compile(
        r"\"\"\"[\s\S]{1,5000}?\"\"\"|\"[^\"\n]{1,2000}\"|“(?:[^“”\n]|“[^“”\n]{1,100}”){1,2000}”|«(?:[^«»\n]|«[^«»\n]{1,100}»){1,300}»|»[^»«\n]{1,300}«|‹[^‹›\n]{1,300}›|›[^‹›\n]{1,300}‹|„[^„“”\n]{1,300}[“”]|‚[^‚‘\n]{1,300}‘"
        r"|「[^」\n]{1,300}」|『[^』\n]{1,300}』|《[^》\n]{1,300}》|‘(?:[^’\n]|’(?=\w)){1,300}’(?!\w)|''(?=[^\s'])[^'\n]{1,300}''(?!\w)|``(?=[^\s'])[^'\n]{1,300}''(?!\w)|'(?<![\w']')(?=[^\s'])[^'\n]{0,299}(?<=[^\s'])'(?!\w)")),
    Pattern("identifier", "(.-_@#+A", re.compile(r"(?<![\w.])(?![ap]\.m\b)(?:--?[A-Za-z][\w\-]{0,60}|[A-Za-z_][\w]{0,60}(?:\.[A-Za-z_]\w{0,60}){0,8}\([^()\n]{0,100}\)|[A-Za-z_]\w{0,60}(?:\.[A-Za-z_]\w{0,60}){1,8}|[A-Za-z]{0,60}+_\w{1,80}|[a-z]{1,40}[A-Z]\w{0,60}|[@#]\w{1,60}|[A-Z]\+\+|[A-Z]#|\.NET)(?!\w)"), re.compile(IDENTIFIER), 61),
    Pattern("number", (POINT,), re.compile(r"(?<![\w.])[A-Za-z]{1,20}\d+(?:\.\d+)+(?:[\-+][\w.]{0,20}\w)?|(?<![\w.\-])\d+(?:\.\d+)+[\-+][A-Za-z][\w.]{0,20}(?<!\.)"), re.compile(r"\.(?<=\d\.)\d")),
    Pattern("number", "0", re.compile(NUMBER), DIGIT, 4),
    Pattern("number", "0", re.compile(r"(?<!\w)[^\W\d]{0,80}+\d\w*"), DIGIT, 80),
    Pattern("name", "&", re.compile(r"\b[A-Z]+(?:&[A-Z]+)+\b")),
    Pattern("name", "A", re.compile(rf"{NAME}|[A-Z](?<!\w[A-Z])[A-Z]+\w*\b")),
    Pattern("number", "²³₂₃", re.compile(r"(?<!\w)\w{1,40}(?<=[²³₂₃])(?!\w)")),
)  # fmt: skip
"""What is protected, in order of precedence."""
