"""Every sign has phrases that must raise the alarm and near misses that must not."""

from __future__ import annotations

import pytest
import yaml

from bot.nlu.understanding import Understanding
from bot.settings import BOT

PAIRS = {
    "breathing": ("I can hardly breathe", "breathing is no problem at all"),
    "airway_swelling": ("my tongue has swollen up", "could my lips swell from this?"),
    "collapse": ("she fainted in the taxi", "I fainted at school years ago"),
    "chest_pain": ("strong pressure in my chest", "no chest pain"),
    "vision_loss": ("I can't see with my left eye", "I can't see the price on your page"),
    "skin_colour": ("the skin has turned black there", "a small yellow bruise"),
    "seizure": ("he is having a seizure", "does it ever cause a seizure?"),
    "suicide": ("I want to end my life", "I'm dying to try it"),
    "fever": ("39 fever since last night", "I have hay fever"),
    "pus": ("pus is coming out of the hole", "no pus, all good"),
    "spreading": ("the redness is spreading to my ear", "can I spread the payments over months"),
    "worsening_pain": ("the pain gets worse every hour", "is it more painful than botox"),
    "late_lumps": ("new lumps five weeks after my session", "cellulite lumps on my thighs"),
}


@pytest.mark.parametrize("sign", PAIRS)
def test_a_sign_raises_the_alarm_by_its_words_alone(shared: Understanding, sign: str) -> None:
    alarm = shared.alarm(PAIRS[sign][0], [])
    assert alarm is not None
    assert alarm.sign == sign


@pytest.mark.parametrize("sign", PAIRS)
def test_a_near_miss_raises_none(shared: Understanding, sign: str) -> None:
    assert shared.alarm(PAIRS[sign][1], []) is None


def test_every_sign_of_the_content_is_known_here_and_to_the_guard() -> None:
    signs = yaml.safe_load((BOT / "content" / "warning_signs.yml").read_text(encoding="utf-8"))["signs"]
    words = yaml.safe_load((BOT / "content" / "vocabulary.yml").read_text(encoding="utf-8"))["danger"]["signs"]
    assert {s["id"]: s["level"] for s in signs} == {name: sign["level"] for name, sign in words.items()}
    assert set(PAIRS) == set(words)


def test_the_classifier_alone_can_raise_the_alarm(shared: Understanding) -> None:
    assert shared.alarm("something is very wrong", [{"report_emergency": 0.9}]) is not None


def test_a_denial_of_one_sign_hides_no_other(shared: Understanding) -> None:
    alarm = shared.alarm("no fever but my throat is closing up", [])
    assert alarm is not None
    assert (alarm.level, alarm.sign) == ("emergency", "airway_swelling")
