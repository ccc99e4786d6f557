"""Personal data and secrets in texts: patterns for candidates, and checks that throw out what only looks alike.

Sources: RFC 5322 addresses as people write them; RFC 2606, 5737 and 3849 for what is reserved for examples;
ITU-T E.164 and the North American Numbering Plan; ISO/IEC 7812 (Luhn); ISO 13616 (IBAN, mod 97); the token
formats that their issuers publish for secret scanning.
"""

from __future__ import annotations

import bisect
import ipaddress
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """Where something stands in a text, in characters (code points), end excluded, and what it is."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class Pattern:
    """What a kind looks like. ``check`` judges a match, and a group that has a name is what counts of it.

    ``hint``, a Rust expression, holds for every text with a hit, and so does one of the ``words``, if any are
    given (lower case): cheap tests that spare most texts the search.
    """

    kind: str
    hint: str
    regex: re.Pattern[str]
    check: Callable[[re.Match[str], bool], bool]
    words: tuple[str, ...] = ()


def find(text: str, patterns: Iterable[Pattern], reserved: bool) -> list[Span]:
    """Every span of the patterns, in order and without overlap; what is reserved for examples only if asked."""
    spans: list[Span] = []
    for pattern in patterns:
        for match in pattern.regex.finditer(text):
            start, end = match.span(match.lastgroup or 0)
            span = Span(start, end, pattern.kind)
            place = bisect.bisect(spans, span)
            free = (place == 0 or spans[place - 1].end <= start) and (
                place == len(spans) or end <= spans[place].start
            )
            if free and pattern.check(match, reserved):
                spans.insert(place, span)
    return spans


# ------------------------------------------------------------------------------------------------ e-mail

_EMAIL = re.compile(
    r"(?<![\w.+%/@-])[A-Za-z0-9](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z]{2,24}(?![\w@]|\.[A-Za-z0-9]*\()",
    re.ASCII,
)
_EXAMPLE = re.compile(
    r"@(?:[\w-]+\.)*(?:example(?:\.\w+)?|test|invalid|localhost|local|domain\.com|email\.com|yourdomain\.\w+|company\.com"
    r"|foo\.com|bar\.com|abc\.com|xyz\.com|xxx\.com|sample\.com|mysite\.com|yoursite\.com|mydomain\.com)$|^(?:example|your|you|user|name|username|someone)@",
    re.IGNORECASE,
)
_NOT_A_DOMAIN = frozenset(
    {"py", "js", "java", "png", "jpg", "gif", "svg", "css", "html", "cpp", "rb", "php", "ts", "json"}
)


def _email(match: re.Match[str], reserved: bool) -> bool:
    address = match.group()
    if address.rsplit(".", 1)[-1].lower() in _NOT_A_DOMAIN or ".." in address:
        return False
    if re.search(r"://\S*$", match.string[max(0, match.start() - 80) : match.start()]):  # user:password@host
        return False
    return reserved or not (_EXAMPLE.search(address) or address.lower().startswith("git@"))


# --------------------------------------------------------------------------------------------- addresses

_IPV4 = re.compile(
    r"(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)", re.ASCII
)
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:]|\.\d)", re.ASCII)
_VERSION = re.compile(
    r"(?:v|ver|version|versión|release|build|section|chapter|§|fig|figure|oid)[\s.:]*$", re.IGNORECASE
)
_IP_CUE = re.compile(r"\b(?:ip|address|host|server|dns|ping|dirección)\b\W*(?:\w+\W+){0,3}$", re.IGNORECASE)


def _ipv4(match: re.Match[str], reserved: bool) -> bool:
    before = match.string[max(0, match.start() - 40) : match.start()]
    if _VERSION.search(before):
        return False
    parts = match.group().split(".")
    if any(len(part) > 1 and part[0] == "0" for part in parts):
        return False
    if all(len(part) == 1 for part in parts) and not _IP_CUE.search(before):  # 1.2.3.4 is a section as often
        return False
    return reserved or ipaddress.IPv4Address(match.group()).is_global


def _ipv6(match: re.Match[str], reserved: bool) -> bool:
    text = match.group()
    if sum(bool(part) for part in text.split(":")) < 3 or not re.search(r"\d", text):
        return False
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return reserved or address.is_global


# ------------------------------------------------------------------------------------------ cards, IBANs

_CARD = re.compile(
    r"(?<![\w.,$€£+-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,7}|3\d{3}([ -]?)\d{6}\2\d{4,5})(?![\w-]|[.,]\d|[ -]\d{3,4}\b)",
    re.ASCII,
)
_ISSUER = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17}"
)
_TESTS = (
    # by the card networks and payment services, for tests
    "4111111111111111 4242424242424242 4012888888881881 4000056655665556 5555555555554444 5105105105105100 378282246310005 371449635398431"
    " 6011111111111117 6011000990139424 30569309025904 38520000023237 3530111333300000 3566002020360505 2223003122003222 4222222222222"
    " 1234567812345670 4000000000000002 4539578763621486"
)
_TEST_CARDS = frozenset(_TESTS.split())
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_LENGTHS = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22"
    " GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27"
    " MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
)
_IBAN_LENGTH: dict[str, int] = {text[:2]: int(text[2:]) for text in _LENGTHS.split()}
_EXAMPLE_IBANS = frozenset(
    {
        "GB82WEST12345698765432",
        "DE89370400440532013000",
        "GB29NWBK60161331926819",
        "FR1420041010050500013M02606",
    }
)


def luhn(digits: str) -> bool:
    """Whether the last digit fits the others (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(text: str) -> bool:
    """Whether a text without spaces is a valid IBAN: its country's length, and remainder 1 of 97."""
    if _IBAN_LENGTH.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def _card(match: re.Match[str], reserved: bool) -> bool:
    digits = re.sub(r"\D", "", match.group())
    if not _ISSUER.fullmatch(digits) or not luhn(digits):
        return False
    return reserved or digits not in _TEST_CARDS


def _iban(match: re.Match[str], reserved: bool) -> bool:
    text = match.group().replace(" ", "")
    return iban(text) and (reserved or text not in _EXAMPLE_IBANS)


# ------------------------------------------------------------------------------------------------ phones

_COUNTRY = r"(?:1|7|2(?:0|7|[1-69]\d)|3(?:[0-469]|[578]\d)|4(?:[013-9]|2\d)|5(?:[1-8]|[09]\d)|6(?:[0-6]|[7-9]\d)|8(?:[1246]|[0578]\d)|9(?:[0-58]|[679]\d))"
_PLUS = re.compile(
    rf"(?<![\w+=*/^%.)\]-])(?<!\d )(?<!\w )\+{_COUNTRY}(?:[ .-]?\(?\d{{1,4}}\)?){{2,6}}(?![\w%*/^=]|[.,]\d)",
    re.ASCII,
)
_PLUS_CUE = re.compile(
    rf"(?<=[A-Za-z:] )\+{_COUNTRY}(?:[ .-]?\(?\d{{1,4}}\)?){{2,6}}(?![\w%*/^=]|[.,]\d)", re.ASCII
)
_NANP = re.compile(
    r"(?<![\w.+$€£/=-])(?<!\d )(?:1[-. ])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-.])[2-9]\d{2}[-.]\d{4}(?![\w-]|[.,]\d)",
    re.ASCII,
)
_CUED = re.compile(
    r"(?:(?i:\b(?:tel|telephone|phone|call|fax|mobile|cell|whatsapp|hotline|sms|teléfono|telefono|móvil|celular|llam[ae]|telefon|tél|téléphone)\b)"
    r"|\b(?i:contact|reach)(?=(?: \w+){0,2} (?:at|on) )|(?:电话|手机|電話|携帯|热线))"
    r"(?i:\s+(?:me|us|him|her|them|at|on|number|no|is|al|número|es)\b)*\W{0,4}(?P<number>\(?\d[\d ().-]{5,16}\d)(?![\w%]|[.,]\d)",
    re.ASCII,
)
_DATE = re.compile(
    r"(?:19|20)\d\d[-./ ](?:0?[1-9]|1[0-2])[-./ ]|(?:0?[1-9]|[12]\d|3[01])[-./ ](?:0?[1-9]|1[0-2])[-./ ](?:19|20)\d\d"
)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _plus(match: re.Match[str], reserved: bool) -> bool:
    digits = _digits(match.group())
    return 9 <= len(digits) <= 15 and len(set(digits)) > 2 and (reserved or not _made_up(digits))


def _nanp(match: re.Match[str], reserved: bool) -> bool:
    digits = _digits(match.group())[-10:]
    return len(set(digits)) > 2 and (reserved or not _made_up(digits))


def _cued(match: re.Match[str], reserved: bool) -> bool:
    text = match.group("number")
    digits = _digits(text)
    if not 7 <= len(digits) <= 15 or len(set(digits)) < 3 or _DATE.match(text):
        return False
    return reserved or not _made_up(digits)


def _made_up(digits: str) -> bool:
    """Numbers that fiction and manuals use: 555 exchanges, and digits that count up or down."""
    local = digits[-10:]
    counted = any(
        run in "01234567890123456789" or run in "98765432109876543210" for run in (local, local[-7:])
    )
    return counted or (len(local) == 10 and local[3:6] == "555") or (len(digits) == 7 and digits[:3] == "555")


# -------------------------------------------------------------------------------------- keys and tokens

_KEY = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"(?:AKIA|ASIA)[0-9A-Z]{16}"  # Amazon Web Services
    r"|gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{50,244}"  # GitHub
    r"|hf_[A-Za-z]{34,40}|hf_[A-Za-z0-9]{34,40}"  # Hugging Face
    r"|sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,200}|sk-[A-Za-z0-9]{48}|sk-ant-[A-Za-z0-9_-]{40,200}"  # OpenAI, Anthropic
    r"|xox[abeoprs]-[0-9A-Za-z-]{20,200}"  # Slack
    r"|AIza[0-9A-Za-z_-]{35}"  # Google
    r"|(?:sk|rk)_live_[0-9A-Za-z]{20,100}|glpat-[0-9A-Za-z_-]{20,50}|npm_[0-9A-Za-z]{36}|pypi-AgEI[0-9A-Za-z_-]{50,300}"
    r"|SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}|\d{8,10}:AA[0-9A-Za-z_-]{33}"  # SendGrid, Telegram
    r"|eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{10,2000}"  # JSON Web Token
    r")(?![A-Za-z0-9_-])"
    r"|-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\s\S]){40,12000}-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
)
_LOGIN = re.compile(r"[a-z]://[^\s:/@]{0,64}:(?P<secret>[^\s/@<>${}\[\]*]{4,100})@[A-Za-z0-9]")
_PLACEHOLDER = re.compile(r"EXAMPLE|xxxx|XXXX|\.\.\.|your|YOUR|1234567890abcdef|abcdefghij", re.IGNORECASE)
_JWT_EXAMPLE = "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"


def _key(match: re.Match[str], reserved: bool) -> bool:
    text = match.group()
    return reserved or (len(set(text)) > 10 and not _PLACEHOLDER.search(text) and _JWT_EXAMPLE not in text)


def _login(match: re.Match[str], reserved: bool) -> bool:
    secret = match.group("secret").lower()
    return reserved or (
        len(set(secret)) > 3 and not re.search(r"pass|pwd|secret|changeme|example|your|xxx|1234", secret)
    )


_KEY_HINT = r"AKIA|ASIA|gh[pousr]_|github_pat_|hf_[A-Za-z]|sk-[A-Za-z]|xox[abeoprs]-|AIza|[sr]k_live_|glpat-|npm_|pypi-AgEI|SG\.|:AA|eyJ|PRIVATE KEY"
_CUES = (
    "tel", "phone", "call", "fax", "mobile", "cell", "whatsapp", "hotline", "sms", "contact", "reach", "móvil", "llam", "tél", "电话", "手机", "電話",
    "携帯", "热线",
)  # fmt: skip
_PLUS_HINT = r"\+[1-9][0-9]{0,3}[ .(-]{0,2}[0-9(][0-9 .()-]{5}"
_CUED_HINT = (
    r"(?:[Tt][Ee][Ll]|[Pp][Hh][Oo][Nn][Ee]|[Cc][Aa][Ll][Ll]|[Ff][Aa][Xx]|[Mm]obile|[Cc]ell|[Ww]hats[Aa]pp|[Hh]otline|SMS|sms"
    r"|[Cc]ontact|[Rr]each|[Mm]óvil|[Ll]lam|[Tt]él|电话|手机|電話|携帯|热线)[^0-9]{0,40}[0-9][0-9 ().-]{5}"
)
PATTERNS: tuple[Pattern, ...] = (  # in the order in which they claim a stretch of text
    Pattern("key", _KEY_HINT, _KEY, _key),
    Pattern("key", r"[a-z]://[^ /:@]{0,64}:[^ /@]{4,100}@", _LOGIN, _login),
    Pattern("email", r"[A-Za-z0-9_]@[A-Za-z0-9]", _EMAIL, _email),
    Pattern("iban", r"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9]{4}", _IBAN, _iban),
    Pattern("card", r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}|3[0-9]{3}[ -]?[0-9]{6}", _CARD, _card),
    Pattern("ip", r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]", _IPV4, _ipv4),
    Pattern("ip", r"[0-9A-Fa-f]?:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]", _IPV6, _ipv6),
    Pattern("phone", _PLUS_HINT, _PLUS, _plus),
    Pattern("phone", _PLUS_HINT, _PLUS_CUE, _plus),
    Pattern("phone", r"[0-9]{3}\)? ?[-. ]?[0-9]{3}[-.][0-9]{4}", _NANP, _nanp),
    Pattern("phone", _CUED_HINT, _CUED, _cued, _CUES),
)
