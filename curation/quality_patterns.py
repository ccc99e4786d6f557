"""What ``quality`` looks for in words: refusals, self-descriptions, cut-off ends, broken encoding, asked languages.

All are Rust regular expressions, which run in time linear in the text. They are written for precision: each
was read against real hits, and a phrase that people use as often as models do isn't here.
"""

from __future__ import annotations

_CANNOT = (
    r"(?:can(?:no|['’ ])?t|can not|am (?:not able|unable)|won['’]?t be able|am not (?:allowed|permitted))"
)
_HELP = (
    r"(?:help (?:you )?with|assist|fulfil+|comply|provide|generate|create|write|answer|engage|support|discuss|share"
    r"|promote|offer|give|complete|continue|do that|participate|access|browse|predict|perform|recommend|express|feel)\b"
)
REFUSAL = (
    r"(?is)\A.{0,240}?(?:"
    # English
    rf"\b(?:i['’]?m|i am) (?:very |so |really )?(?:sorry|afraid),? (?:but )?(?:that )?(?:as an ai\b.{{0,60}}?)?i {_CANNOT}"
    rf"|\bi apologi[sz]e,? (?:but|for)\b.{{0,80}}?\bi {_CANNOT}"
    rf"|\bas an? (?:ai|artificial|large language|language)\b.{{0,100}}?\bi (?:{_CANNOT}|do(?:n['’]t| not) have|am not)"
    rf"|\A\W*(?:sorry|unfortunately),? (?:but )?i {_CANNOT} (?:\w+ )?{_HELP}"
    rf"|\A\W*i {_CANNOT} (?:\w+ )?{_HELP}"
    r"|\bi (?:must|have to) (?:respectfully )?(?:decline|refuse)\b|\bi(?:['’]d| would) rather not (?:answer|say|discuss)"
    # Spanish
    r"|\blo (?:siento|lamento),? (?:mucho,? )?(?:pero )?(?:como (?:una? )?(?:ia|modelo)\b.{0,60}?)?no (?:puedo|me es posible|estoy)"
    r"|\bcomo (?:una? )?(?:modelo de lenguaje|inteligencia artificial|ia|asistente)\b.{0,80}?\bno (?:puedo|tengo)"
    r"|\A\W*no puedo (?:ayudar|proporcionar|cumplir|responder|generar|ofrecer|asistir)\w*"
    # French, German, Portuguese, Italian
    r"|\bje (?:suis )?(?:désolée?|regrette),? (?:mais )?je ne (?:peux|puis|suis)\b"
    r"|\ben tant qu(?:e modèle|['’]ia|['’]assistant)\b.{0,80}?\bje ne (?:peux|puis)\b"
    r"|\bes tut mir leid,? (?:aber )?(?:ich kann|das kann ich)\b|\bals ki\b.{0,60}?\bkann ich\b.{0,60}?\bnicht\b"
    r"|\b(?:sinto muito|desculpe),? (?:mas )?(?:eu )?não posso\b|\bmi dispiace,? (?:ma )?non posso\b"
    # Chinese, Japanese
    r"|(?:抱歉|对不起|對不起)[，,]?.{0,30}?(?:无法|無法|不能)(?:提供|回答|协助|協助|满足|生成|帮|预测|做出|执行|为您)"
    r"|作为(?:一个|一名)?(?:AI|人工智能|语言模型).{0,40}?(?:无法|不能)"
    r"|申し訳(?:ありません|ございません).{0,40}?(?:できません|お答えできません)"
    r")"
)
"""A refusal, looked for within the first 240 characters of an answer."""
REFUSAL_HINTS = [
    "sorry, ", "sorry but", "sorry i", "sorry that", "afraid i", "afraid that", "afraid, ", "apologize", "apologise", "as an ai",
    "as a large language", "as a language", "as an artificial", "unfortunately, i", "unfortunately i", "i can't", "i can’t",
    "i cannot", "i can not", "i am unable", "i am not a", "i am not p", "i won't", "i won’t",
    "must decline", "must refuse", "to decline", "to refuse", "respectfully", "rather not", "lo siento", "lo lamento",
    "como una ia", "como ia", "como modelo", "como un modelo", "como una inteligencia", "como asistente", "como un asistente",
    "no puedo", "désol", "regrette", "en tant qu", "tut mir leid", "als ki", "sinto muito", "desculpe", "mi dispiace",
    "抱歉", "对不起", "對不起", "作为", "申し訳",
]  # fmt: skip
"""One of these stands in every refusal; only answers that hold one (in any case) are searched."""

SELF = (
    r"(?i)\b(?:as|i['’]?m|i am|being|just) (?:only |just )?an? (?:ai|artificial intelligence|large language|language)"
    r"(?:[ -](?:language|powered|based))?(?: (?:model|assistant|chatbot|bot))?(?:,|\.|;|!| and i\b| i\b| that\b| (?:trained|developed|created|designed|programmed|without)\b| so\b)"
    r"|\bi(?:['’]m| am) (?:chatgpt|gpt-?[345]|claude|bard|gemini|llama|open ?assistant|copilot|qwen)\b"
    r"|\bi (?:was|am|have been) (?:created|trained|developed|made|built) by (?:openai|anthropic|google|meta|microsoft|laion|alibaba|mistral)\b"
    r"|\bmy (?:training data|knowledge cut-?off)\b|\bas of my (?:last|latest) (?:knowledge |training )?(?:update|cut-?off)"
    r"|\bcomo (?:un |una )?(?:modelo de lenguaje|inteligencia artificial|ia)\b|\bsoy una? (?:modelo de lenguaje|inteligencia artificial|ia)\b"
    r"|\ben tant qu(?:e modèle de langage|['’]ia\b|['’]intelligence artificielle)|\bals ki(?:-modell|-assistent|-sprachmodell)?\b.{0,20}?\bich\b"
    r"|\bcomo um modelo de linguagem|作为(?:一个|一名)?(?:AI|人工智能|语言模型)|我是(?:一个|一名)?(?:AI|人工智能|语言模型)|(?:AI|言語モデル)(?:として|なので)"
)
"""A model that speaks of itself as one."""
SELF_HINTS = [
    "an ai ", "an ai,", "an ai.", "an ai;", "an ai!", "an ai-", "an artificial intelligence", "a language model", "large language model",
    "ai language model", "i am chatgpt", "i'm chatgpt", "i’m chatgpt", "i am gpt", "i'm gpt", "i am claude", "i'm claude", "i am bard",
    "i'm bard", "i am gemini", "i'm gemini", "i am llama", "i'm llama", "i am open", "i'm open", "i am copilot", "i'm copilot",
    "i am qwen", "i'm qwen", "by openai", "by anthropic", "by google", "by meta", "by microsoft", "by laion", "by alibaba",
    "by mistral", "my training data", "my knowledge cut", "of my last", "of my latest", "modelo de lenguaje", "como una ia",
    "como ia", "soy una ia", "inteligencia artificial", "modèle de langage", "qu'ia", "qu’ia", "qu'intelligence", "als ki",
    "modelo de linguagem", "作为", "我是", "言語モデル", "aiとして", "aiなので",
]  # fmt: skip

ENDS = r"[.!?…。！？．｡؟۔։།॥።‽:»”\"\)\]\}）】」』>`|=$*_~\p{So}\p{Sk}]\s*\z"
"""How a finished text ends: punctuation of any script, a closing mark, markup, or an emoji."""
DANGLING = (
    r"(?i)(?:[^\n]{30}[,，、]|[(\[{（「]|\s[-–—]"
    r"|[\s,](?:the|an|and|or|of|to|in|with|for|from|by|that|which|because|if|is|are|was|were|your|their|its|my|our"
    r"|el|la|los|las|un|una|y|o|de|del|que|con|para|por|porque|su|sus"
    r"|le|les|des|du|et|ou|avec|pour|der|die|das|und|oder|mit|für|von|dass))\s*\z"
)
"""The end of a text that broke off: an open bracket, a comma, or a word that nothing ends with."""
PROSE_END = r"(?:^|\n)[ \t]*[\p{L}\"'“«¿¡(][^\n]{50,}\p{L}[\p{Ll}\p{Lo}]\s*\z"
"""A last line of prose that ends in a letter."""
SENTENCE_END = r"[\p{Ll}\p{Lo}]['\"”)]?[.!?。！？؟۔।](?:\s|\z)"
"""A sentence that does end; a text without one may have a style without marks."""
SIGNED = r"[.!?]\s+(?:- [^\n.]*|\p{Lu}\S*(?: (?:\p{Lu}\S*|of|the|and|on|for|in|&))*)\s*\z"
"""A name or a list item after the last sentence, which takes no mark."""
CODE = r"(?m)(?:```|[;{}][ \t]*$|^[ \t]*(?:def|class|import|from|return|print|//|#!)[ (/])"
"""Lines of code, whose ends say nothing."""
UNSPACED = r"[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]\s*\z"
"""Scripts whose sentences end without a mark."""
FENCE = r"(?m)^[ \t]*(?:```|~~~)"

MOJIBAKE = r"\x{FFFD}|[\x{C2}-\x{F4}][\x{80}-\x{BF}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
"""UTF-8 that was read as Latin-1 or Windows-1252 leaves such pairs; a pre-check, since real text has some too."""

LANGUAGES: dict[str, str] = {
    "en": "english|inglés|anglais|englisch|inglês|inglese",
    "es": "spanish|español|castellano|espagnol|spanisch|espanhol|spagnolo",
    "fr": "french|francés|français|französisch|francês|francese",
    "de": "german|alemán|allemand|deutsch|alemão|tedesco",
    "it": "italian|italiano|italien|italienisch",
    "pt": "portuguese|portugués|portugais|portugiesisch|português|portoghese",
    "nl": "dutch|neerlandés|néerlandais|niederländisch",
    "ru": "russian|ruso|russe|russisch",
    "zh": "chinese|mandarin|chino|chinois|chinesisch",
    "ja": "japanese|japonés|japonais|japanisch",
    "ko": "korean|coreano|coréen|koreanisch",
    "ar": "arabic|árabe|arabe|arabisch",
    "hi": "hindi",
    "tr": "turkish|turco|turc|türkisch",
    "pl": "polish|polaco|polonais|polnisch",
    "sv": "swedish|sueco|suédois|schwedisch",
    "vi": "vietnamese|vietnamita",
    "uk": "ukrainian|ucraniano|ukrainien|ukrainisch",
    "la": "latin|latín",
    "el": "greek|griego|grec|griechisch",
    "he": "hebrew|hebreo|hébreu",
    "th": "thai|tailandés",
    "id": "indonesian|indonesio",
    "ca": "catalan|catalán",
}
"""Names of languages, in the languages that requests come in most, by ISO 639 code."""
ANY_LANGUAGE = "|".join(LANGUAGES.values())
_ASK = (
    r"(?:answer|respond|reply|write|rewrite|explain|summari[sz]e|compose|describe|paraphrase|continue|draft"
    r"|responde|contesta|escribe|redacta|explica|resume|réponds|répondez|écris|écrivez|explique|antworte|schreibe?)"
)
ASKED = (
    r"(?i)(?:\btranslate\b[^.?!\n]{0,80}?\b(?:in)?to (?:the )?"
    r"|\b(?:traduce|traduzca|traducir)\b[^.?!\n]{0,80}?\b(?:al|en) |\btradui[st]\b[^.?!\n]{0,80}?\ben "
    rf"|\b{_ASK}\b[^.?!\n]{{0,60}}?\b(?:in|en|auf) )"
    rf"({ANY_LANGUAGE})\b"
)
"""A request for a language; the group holds its name."""
MENTIONS = rf"(?i)\b(?:{ANY_LANGUAGE}|translat\w+|traduc\w+|tradui\w+|übersetz\w+|language|idioma|sprache|langue)\b|翻译|翻譯|翻訳|英语|英文|中文|日语|法语|英語|日本語"
"""A prompt that speaks of languages, so that an answer in another may be what was asked for."""
EXPLAINS = rf"(?i)[\"“”«»„]|\s['‘’][^'‘’\n]+['‘’]|\b(?:{ANY_LANGUAGE})\b"
"""An answer about a translation: it quotes, or names a language."""
