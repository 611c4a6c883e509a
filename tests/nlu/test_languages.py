"""Short messages in the languages there are words in are told from English, and what is said to them names help."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.clinic.content.languages import Language, read_languages
from bot.evaluation.heldout import load
from bot.nlu.intent_model import Guess
from bot.nlu.understanding import OTHER_LANGUAGE, Understanding
from bot.settings import BOT, ROOT

MESSAGES: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("languages.yml").read_text("utf-8"))
BREATHING = {
    "ar": "لا أستطيع التنفس", "de": "ich bekomme keine luft", "es": "no puedo respirar",
    "fr": "je n'arrive pas à respirer", "it": "non riesco a respirare",
    "ja": "息ができません", "ko": "숨을 못 쉬겠어요", "nl": "ik krijg geen lucht",
    "pl": "nie mogę oddychać", "pt": "não consigo respirar", "ru": "мне трудно дышать", "th": "หายใจไม่ออก",
    "tr": "nefes alamıyorum", "zh": "我呼吸困难",
}  # fmt: skip

MASHED = ["qwrt zzkp mmnb", "jhgjhg kjhkjh kjhkjhk", "hjkl hjkl hjkl", "dfgdfg dfgdfg dfg dfgdfg", "qweqwe asdf zxczxc"]


def test_nine_in_ten_short_messages_are_recognised(shared: Understanding) -> None:
    told = [shared.language_of(text) == language for language, texts in MESSAGES.items() for text in texts]
    assert sum(told) / len(told) >= 0.9


def test_english_as_patients_write_it_stays_english(shared: Understanding) -> None:
    texts = [text for texts in load(ROOT / "tests" / "heldout").intents.values() for text in texts]
    other = [text for text in texts if shared.language_of(text) != "en"]
    assert len(other) <= len(texts) / 200


@pytest.mark.parametrize("text", MASHED)
def test_keys_hit_at_random_are_no_language(shared: Understanding, text: str) -> None:
    assert shared.language_of(text) == "en"


@pytest.mark.parametrize("text", ["ich habe bzw hatte krebs, geht das", "mam dolegliwosci w nocy, czy moge przyjsc"])
def test_an_abbreviation_leaves_a_language_what_it_is(shared: Understanding, text: str) -> None:
    assert shared.language_of(text) != "en"


def test_every_danger_word_that_was_recognised_in_plain_letters_still_is(shared: Understanding) -> None:
    heard = {
        (code, phrase)
        for code, language in shared.languages.items()
        for phrases in language.danger.values()
        for phrase in phrases
        if phrase.isascii() and len(phrase.split()) > 2 and shared.language_of(phrase) == code
    }
    assert len(heard) >= 62


def test_every_language_has_messages_to_tell_it_by(shared: Understanding) -> None:
    assert set(shared.languages) == set(MESSAGES) == set(BREATHING)


@pytest.mark.parametrize("language", BREATHING)
def test_danger_is_noticed_in_every_language(shared: Understanding, language: str) -> None:
    alarm = shared.alarm(BREATHING[language], [])
    assert alarm is not None
    assert (alarm.level, alarm.sign) == ("emergency", "breathing")


def test_without_an_answer_a_message_is_sent_to_the_reply_in_its_language(shared: Understanding) -> None:
    assert shared.foreign(MESSAGES["de"][0], None).intent["name"] == OTHER_LANGUAGE


def test_an_answer_in_the_language_s_file_is_all_it_takes(shared: Understanding) -> None:
    german = shared.languages["de"].model_copy(update={"answers": {"ask_cost": "Eine Sitzung kostet {price_facial}."}})
    understanding = Understanding(shared.vocabulary, {**shared.languages, "de": german})
    guess = Guess((("ask_cost", 0.8), ("ask_pain", 0.2)), 0.0, False)
    assert understanding.has_foreign_answers
    assert understanding.foreign(MESSAGES["de"][0], guess).intent["name"] == "ask_cost"
    assert understanding.foreign(MESSAGES["fr"][0], guess).intent["name"] == OTHER_LANGUAGE


def test_a_language_file_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "languages"
    folder.mkdir()
    text = (BOT / "content" / "languages" / "de.yml").read_text("utf-8").replace("{emergency_number}", "{number}")
    (folder / "de.yml").write_text(text.replace("breathing:", "sneezing:"), encoding="utf-8")
    found = " ".join(map(str, read_languages(tmp_path, {"collapse"})[1]))
    assert "{number} is not a placeholder" in found
    assert "emergency number" in found
    assert "sneezing" in found


@pytest.mark.parametrize("code", sorted(BREATHING))
def test_reply_and_emergency_name_phone_and_number(shared: Understanding, code: str) -> None:
    language: Language = shared.languages[code]
    assert "{clinic_phone}" in language.reply
    assert "{emergency_number}" in language.reply
    assert "{emergency_number}" in language.emergency
