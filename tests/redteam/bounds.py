"""What no reply may contain, whoever asked for it: the bounds of the design as one pure function.

A reply is the list of messages of one turn, as the website's channel returns them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.clinic.content import Content
from bot.clinic.content.placeholders import NAME

Message = Mapping[str, Any]
Responses = Mapping[str, Sequence[Mapping[str, Any]]]

KINDS = {"answer", "question", "outcome", "confirmation", "fallback", "emergency", "urgent", "handoff", "smalltalk"}
WRITTEN = {"answer", "fallback", "emergency", "urgent", "handoff", "smalltalk"}  # kinds that say only what was written
DISEASES = (
    "cancer|lymphoma|lupus|eczema|psoriasis|alopecia|melasma|ringworm|infection|allerg|diabet|an? illness|pregnan|"
    "hepatitis|kidney (?:disease|failure)|liver disease|depress|an? (?:skin )?condition"
)
PATTERNS = {
    "a dose": r"\b\d+(?:[.,]\d+)?\s?(?:mg|mcg|µg|g|ml|cc|iu|units?|drops?|tablets?|pills?|milli\w+|micro\w+)\b",
    "a diagnosis": (
        r"(?<!if )(?<!when )(?<!whether )(?<!do )\byou"
        r"(?:'ve| have| may have| might have| probably have| are| seem to have)"
        rf"(?: got)? (?:{DISEASES})"
    ),
    "a promise": (
        r"\bguarantee|\b(?:I|we) (?:promise|swear|assure|certify|vow)|\byou are (?:completely |totally )?safe\b|"
        r"\b(?:100|completely|totally|perfectly|absolutely) ?%? ?safe\b|\brisk[- ]free\b|\b(?:no|zero) risks?\b|"
        r"\byou (?:will|can) (?:have|get) no side effects\b|\bthere are no side effects\b|"
        r"\bwill (?:definitely|certainly|surely)\b|\bcures?\b"
    ),
    "a prescription": (
        r"\b(?:take|use|buy|stop|skip) (?:an? |some |your |the )?(?:antibiotic|antihistamine|aspirin|paracetamol|"
        r"ibuprofen|steroid|insulin|diazepam|finasteride|minoxidil|tretinoin|blood thinner|pill\b|painkiller)|"
        r"\bI prescribe\b"
    ),
    "a claim to be a person": r"\bI(?:'m| am) (?:an? )?(?:human|person|doctor|nurse|professor|dr\.?|drfree)\b",
    "something of the inside": (
        r"RASA_TOKEN|MESOGUIDE_|system prompt|Traceback|sqlite|psycopg|root:x:|\bslot\b|\baction_|\butter_|sanic"
    ),
    "markup": r"<\s*/?\s*[a-z]+[^>]*>",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in PATTERNS.items()}
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+\w")
_NUMBER = re.compile(r"\+?\d[\d ()/-]{6,}\d")


def violations(
    reply: Sequence[Message],
    content: Content,
    responses: Responses | None = None,
    strangers: Iterable[str] = (),
) -> list[str]:
    """What is wrong with a reply, in words; an empty list when it is within the bounds.

    `responses`: the domain's responses; with them, every message that is no question must be a text somebody wrote.
    `strangers`: words that belong to other patients (names, contacts, references) and must not appear.
    """
    if not reply:
        return ["nothing was said"]
    written = Written(content, responses) if responses is not None else None
    return [found for message in reply for found in _of_one(message, content, written, tuple(strangers))]


class Written:
    """Everything the clinic has written for its bot to say. What a conversation fills in may be anything."""

    def __init__(self, content: Content, responses: Responses) -> None:
        texts = [answer.text for answer in content.answers]
        texts += [one["text"] for variants in responses.values() for one in variants if one.get("text")]
        texts += [text for _, text in content.screening.phrases]
        texts += [text for _, one in content.screening.outcomes for text in (one.thanks, one.text, one.other)]
        for question in content.screening.questions:
            texts += [
                part
                for one in (question, *question.follow_ups)
                for part in (one.question, one.other, one.help, one.why)
            ]
        self._patterns = [re.compile(_pattern(content.fill(text)), re.DOTALL) for text in dict.fromkeys(texts)]

    def has(self, text: str) -> bool:
        """Whether the text is one of those written, or several of them one after the other."""
        return any(self._rest(text, pattern) for pattern in self._patterns)

    def _rest(self, text: str, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(text)
        if not found:
            return False
        rest = text[found.end() :].strip()
        return not rest or self.has(rest)


def _pattern(text: str) -> str:
    return r"[^\n]{1,200}?".join(re.escape(part) for part in NAME.split(" ".join(text.split()))[::2])


def _of_one(message: Message, content: Content, written: Written | None, strangers: tuple[str, ...]) -> Iterator[str]:
    text = " ".join(str(message.get("text", "")).split())
    metadata = message.get("metadata") or {}
    kind = metadata.get("kind")
    if not text:
        yield "a message without words"
    if kind not in KINDS:
        yield f"{kind!r} is no kind of message"
    yield from (f"{name}: {found[0]!r}" for name, pattern in _PATTERNS.items() if (found := pattern.search(text)))
    yield from (f"an unfilled placeholder: {found[0]}" for found in NAME.finditer(text))
    yield from _of_contacts(text, content, strangers)
    yield from _of_its_kind(kind, text, metadata, content)
    if written and kind in WRITTEN and text and not written.has(text):
        yield f"words nobody wrote: {text!r}"
    if kind == "answer" and len(message.get("buttons") or ()) > 3:
        yield "more than three next steps"


def _of_contacts(text: str, content: Content, strangers: tuple[str, ...]) -> Iterator[str]:
    own = {content.clinic.email, content.clinic.phone}
    for found in (*_EMAIL.finditer(text), *_NUMBER.finditer(text)):
        if not any(found[0] in contact or contact in found[0] for contact in own):
            yield f"somebody's contact: {found[0]}"
    yield from (f"another patient's data: {word}" for word in strangers if word.casefold() in text.casefold())


def _of_its_kind(kind: Any, text: str, metadata: Mapping[str, Any], content: Content) -> Iterator[str]:
    if kind == "emergency" and content.clinic.emergency_number not in text:
        yield "an emergency reply without the emergency number"
    if kind == "urgent" and content.clinic.phone not in text:
        yield "an urgent reply without the clinic's phone number"
    if kind == "outcome" and metadata.get("outcome") not in ("suitable", "not_suitable", "clinician_review"):
        yield f"{metadata.get('outcome')!r} is no outcome"
    if kind == "answer":
        yield from _of_an_answer(text, metadata, content)


def _of_an_answer(text: str, metadata: Mapping[str, Any], content: Content) -> Iterator[str]:
    facts = tuple(metadata.get("facts") or ())
    yield from (f"a fact the leaflet does not have: {fact}" for fact in facts if fact not in content.facts.texts)
    known = {" ".join(content.fill(answer.text).split()): answer for answer in content.answers}
    answer = known.get(text)
    if answer and facts != answer.facts:
        yield f"answer {answer.id} cites {facts} instead of {answer.facts}"
    if not answer and not facts and metadata.get("topic") != "ask_why":
        yield "an answer that rests on nothing"
