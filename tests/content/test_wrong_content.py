"""Wrong content is refused: with the file, the key path and the cure, and everything that is wrong at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.cli import app
from bot.clinic.content import ContentError, check_content, load_content
from bot.nlu.understanding import load_understanding
from bot.serving.content_check import check_whole_content
from bot.serving.training import fingerprint

KIDNEYS = """    not_suitable: people with kidney disease
    review: the kidneys
    buttons:
"""
YES_NO = """      - {title: "Yes", answer: "yes"}
      - {title: "No", answer: "no"}
"""

# label: (file, text in it, what it becomes, what is reported)
CASES = {
    "a time without quotes": (
        "clinic.yml",
        'closes: "17:30"',
        "closes: 17:30",
        'clinic.yml: hours/monday/closes: 1050 is not a time; write it in quotes, as "17:30"',
    ),
    "an impossible time": ("clinic.yml", '"19:00"', '"25:00"', "hours/thursday/closes: '25:00' is not a time; write"),
    "a series that rests on no fact": (
        "clinic.yml",
        ", fact: F41}",
        "}",
        "treatments/hair/series/fact: is missing; add it",
    ),
    "a series that rests on a fact there is not": (
        "clinic.yml",
        "fact: F41}",
        "fact: F99}",
        "clinic.yml: treatments/hair/series: there is no fact F99 in facts.yml",
    ),
    "closing before opening": (
        "clinic.yml",
        '"16:00"',
        '"08:00"',
        "hours/friday: closes at 08:00, not after it opens at 09:00",
    ),
    "a pause that is not within the day": (
        "clinic.yml",
        'closes: "19:00"',
        'closes: "19:00"\n    pause: {start: "12:30", end: "19:30"}',
        "hours/thursday: the pause from 12:30 to 19:30 must lie between 09:00 and 19:00",
    ),
    "a pause said without its end": (
        "clinic.yml",
        "(closed {start} to {end})",
        "(closed from {start})",
        "phrases/pause: must use exactly these placeholders: {end}, {open}, {start}",
    ),
    "a weekday left out": ("clinic.yml", "  sunday: closed\n", "", "clinic.yml: hours/sunday: is missing; add it"),
    "a weekday that is no day": (
        "clinic.yml",
        "sunday: closed",
        "sunday: shut",
        "hours/sunday: 'shut' is not a day; write",
    ),
    "a misspelled key": ("clinic.yml", "\nphone:", "\nphon:", "clinic.yml: phon: unknown key; known here: version, "),
    "a phone without country code": (
        "clinic.yml",
        '"+1 202 555 0143"',
        '"030 1234"',
        'phone: "030 1234" is not a phone number',
    ),
    "an unknown time zone": (
        "clinic.yml",
        "Europe/Berlin",
        "Europe/Bonn",
        'time_zone: "Europe/Bonn" is not a time zone; use',
    ),
    "an unquoted emergency number": (
        "clinic.yml",
        'emergency_number: "112"',
        "emergency_number: 112",
        "112 is not text; write it in quotes",
    ),
    "a date that is none": (
        "clinic.yml",
        '"2026-12-25"',
        '"25.12.2026"',
        "closed_days/0/date: '25.12.2026' is not a date; write",
    ),
    "a price phrase without the price": (
        "clinic.yml",
        "{title} {amount} {currency}",
        "{title}",
        "phrases/price: must use exactly",
    ),
    "a treatment twice": (
        "clinic.yml",
        "{id: hair,",
        "{id: facial,",
        "treatments/facial: the id facial is used twice; give",
    ),
    "a step books what is not offered": (
        "clinic.yml",
        "  - {id: body, title: Body mesotherapy, minutes: 60, price: 170}\n",
        "",
        "next_steps.yml: steps/book_body/payload: books body, which clinic.yml does not offer",
    ),
    "an unknown fact": (
        "answers.yml",
        "facts: [F01, F02]",
        "facts: [F01, F02, F99]",
        "answers/definition/facts: there is no fact F99",
    ),
    "an uncited fact": (
        "answers.yml",
        "facts: [F01, F02]",
        "facts: [F01]",
        "sections/what-is/facts/F02: no answer cites this fact",
    ),
    "a leaflet answer without facts": (
        "answers.yml",
        "    facts: [F01, F02]\n",
        "",
        "answers/definition: an answer from the leaflet rests on no fact",
    ),
    "a clinic answer with facts": (
        "answers.yml",
        "    source: clinic\n",
        "    source: clinic\n    facts: [F01]\n",
        "answers/cost: an answer of the clinic's own cites no facts",
    ),
    "an unknown next step": (
        "answers.yml",
        "next: [procedure, uses, pain]",
        "next: [walk]",
        "answers/definition/next: there is no next step walk",
    ),
    "four next steps": (
        "answers.yml",
        "[procedure, uses, pain]",
        "[procedure, uses, pain, book]",
        "answers/definition/next: ",
    ),
    "an unknown placeholder": (
        "answers.yml",
        "{price_list}",
        "{prices}",
        "answers/cost/text: unknown placeholder {prices}; known: ",
    ),
    "an answer id twice": (
        "answers.yml",
        "id: definition_facial",
        "id: definition",
        "the id definition is used twice; give each its own",
    ),
    "two answers to one question": (
        "answers.yml",
        "    treatment: facial\n",
        "",
        "answers/definition_facial: answers the same as definition",
    ),
    "an answer that is never given": (
        "answers.yml",
        "    concern: cellulite\n    not_for: [no_needle]",
        "    treatment: no_needle\n    concern: cellulite\n    not_for: [no_needle]",
        "answers/uses_cellulite/not_for: is never given",
    ),
    "an unknown treatment": (
        "answers.yml",
        "treatment: facial",
        "treatment: face",
        "answers/definition_facial/treatment: 'face': input should be 'facial'",
    ),
    "an unknown criterion": (
        "answers.yml",
        "criterion: pregnant",
        "criterion: expecting",
        "suitability_pregnant/criterion: there is no criterion expecting",
    ),
    "an answer without text": (
        "answers.yml",
        "    topic: ask_comparison\n    text: >-\n",
        "    topic: ask_comparison\n    textt: >-\n",
        "answers/comparison/text: is missing; add it",
    ),
    "a topic without a button title": (
        "next_steps.yml",
        '  ask_pain: "Does it hurt?"\n',
        "",
        "next_steps.yml: topics/ask_pain: is missing; give the topic a short name",
    ),
    "a button title too long": (
        "next_steps.yml",
        "title: Side effects, payload: /ask_side_effects}",
        "title: What are the side effects, payload: /ask_side_effects}",
        'steps/side_effects/title: "What are the side effects" has 25 characters; a button shows 1 to 20',
    ),
    "a payload that is none": (
        "next_steps.yml",
        "payload: /ask_pain",
        "payload: ask_pain",
        'steps/pain/payload: "ask_pain" is not a payload; write /intent',
    ),
    "a payload with broken entities": (
        "next_steps.yml",
        '\'/ask_sessions{"treatment": "hair"}\'',
        "'/ask_sessions{treatment}'",
        "steps/sessions_hair/payload: ",
    ),
    "no without quotes": (
        "screening.yml",
        '      - {title: "No", answer: "no"}',
        '      - {title: "No", answer: no}',
        'False is what YAML makes of no without quotes; write "no"',
    ),
    "a criterion left out": (
        "screening.yml",
        "criterion: kidney_disease",
        "criterion: liver_disease",
        "questions: no question settles the criterion kidney_disease; add one",
    ),
    "a criterion settled twice": (
        "screening.yml",
        "criterion: kidney_disease",
        "criterion: liver_disease",
        "questions/kidney_disease/criterion: settles liver_disease, as liver_disease does",
    ),
    "a question without wording": (
        "screening.yml",
        "    question: Are you pregnant?\n",
        "",
        "questions/pregnant/question: is missing; add it",
    ),
    "a question citing an unknown fact": (
        "screening.yml",
        "fact: F25",
        "fact: F52",
        "questions/kidney_disease/fact: there is no fact F52",
    ),
    "a follow-up nobody reaches": (
        "screening.yml",
        "        when: [past]\n        question: Are you pregnant right now?",
        '        when: ["no"]\n        question: Are you pregnant right now?',
        "follow_ups/pregnant_now/when: a clear no needs no follow-up",
    ),
    "a follow-up id twice": (
        "screening.yml",
        "id: heart_medicines",
        "id: cancer_treated",
        "follow_ups/cancer_treated: the id cancer_treated is used twice",
    ),
    "a rule that never applies": (
        "screening.yml",
        'becomes: {"yes": "yes", "no": partial}',
        'becomes: {"yes": partial, "no": partial}',
        "follow_ups/heart_medicines/becomes: contradicts the rules",
    ),
    "a rule that undoes a yes": (
        "screening.yml",
        'becomes: {"yes": "yes", "no": partial}',
        'becomes: {"yes": "yes", "no": "no"}',
        "follow_ups/heart_medicines/becomes: contradicts the rules: a clear",
    ),
    "a yes to a follow-up that makes suitable": (
        "screening.yml",
        'becomes: {"yes": "yes", "no": past}',
        'becomes: {"yes": "no", "no": "no"}',
        'screening.yml: questions/cancer/follow_ups/cancer_treated/becomes: contradicts the rules: a clear "yes"',
    ),
    "an illness that is over and counts for nothing": (
        "screening.yml",
        'becomes: {"yes": "yes", "no": past}',
        'becomes: {"yes": "yes", "no": "no"}',
        "questions/cancer/follow_ups/cancer_treated/becomes: contradicts the rules: what is over or unsure",
    ),
    "a no that weighs more than a yes": (
        "screening.yml",
        'becomes: {"yes": "yes", "no": past}',
        'becomes: {"yes": past, "no": "yes"}',
        'questions/cancer/follow_ups/cancer_treated/becomes: contradicts the rules: a "no" weighs more',
    ),
    "a button yes that answers no": (
        "screening.yml",
        KIDNEYS + YES_NO,
        KIDNEYS
        + YES_NO.replace('answer: "yes"', 'answer: "x"')
        .replace('answer: "no"', 'answer: "yes"')
        .replace('"x"', '"no"'),
        'screening.yml: questions/kidney_disease/buttons/0: "Yes" reads as yes and answers no',
    ),
    "a reply yes that answers no": (
        "screening.yml",
        '"no": [one, "1", just one',
        '"no": [yeah, one, "1", just one',
        'follow_ups/heart_medicines/typed/no: "yeah" reads as yes and answers no',
    ),
    "a yes told unasked that answers no": (
        "screening.yml",
        '"yes": {heart_multi_drug: "yes", heart_medicines: "yes"}',
        '"yes": {heart_multi_drug: "no"}',
        'questions/heart_multi_drug/volunteered/yes/heart_multi_drug: contradicts the rules: "yes", told unasked',
    ),
    "a question that only people of no age are asked": (
        "screening.yml",
        "until_age: 60",
        "until_age: 18",
        "screening.yml: questions/pregnant/until_age: is never reached: the check ends for who is under 18",
    ),
    "a word for yes and for no": (
        "screening.yml",
        '"no": ["no", "n", nop',
        '"no": ["no", "n", yep, nop',
        'words/needs/no: "yep" means yes already',
    ),
    "a follow-up answer without meaning": (
        "screening.yml",
        'becomes: {"yes": past, "no": past}',
        'becomes: {"yes": past}',
        'does not say what "no" means for the criterion; add it',
    ),
    "a reply with two meanings": (
        "screening.yml",
        '"no": [one, "1"',
        '"no": [two, "1"',
        'follow_ups/heart_medicines/typed/no: "two" means yes already; one meaning for each reply',
    ),
    "a volunteered value that answers another question": (
        "screening.yml",
        'unsure: {heart_multi_drug: "yes"}',
        'unsure: {cancer: "yes"}',
        "questions/heart_multi_drug/volunteered/unsure: answers cancer, which is not part of this question",
    ),
    "two buttons with one title": (
        "screening.yml",
        "- {title: Trying for a baby, answer: partial}",
        '- {title: "No", answer: partial}',
        "questions/pregnant/buttons/2: another button has the title No",
    ),
    "a question without a no": (
        "screening.yml",
        "      - {title: Trying for a baby, answer: partial}\n      - {title: Not sure, answer: unsure}\n",
        "",
        "questions/pregnant/buttons: no button gives the answer unsure; add one",
    ),
    "a follow-up that no answer leads to": (
        "screening.yml",
        "        when: [past]\n        question: Are you still breastfeeding now?",
        "        when: [partial]\n        question: Are you still breastfeeding now?",
        "follow_ups/breastfeeding_now/when: is never reached by partial: no button or reply of breastfeeding gives it",
    ),
    "a follow-up after a question that is not there": (
        "screening.yml",
        "after: cancer_treated",
        "after: cancer_cured",
        "follow_ups/cancer_over/after: is never reached: cancer_cured is no earlier question",
    ),
    "an answer in words that decides": (
        "screening.yml",
        "        kind: words\n",
        '        kind: words\n        becomes: {"no": past}\n',
        "follow_ups/cancer_over/becomes: an answer in words decides nothing",
    ),
    "a criterion of the leaflet that only a clinician would settle": (
        "screening.yml",
        "    criterion: cancer\n",
        "    criterion: cancer\n    on_yes: clinician_review\n",
        "questions/cancer/on_yes: contradicts the leaflet",
    ),
    "an age limit before the age is known": (
        "screening.yml",
        "questions:\n",
        "questions:\n  - {id: early, criterion: early, fact: F19, kind: yes_no, question: Q, other: Q, help: H, "
        'why: W, not_suitable: nn, review: rr, until_age: 60, buttons: [{title: "Yes", answer: "yes"}, '
        '{title: "No", answer: "no"}, {title: Not sure, answer: unsure}]}\n',
        "questions/early/until_age: the age is not known when this is asked",
    ),
    "a man whom nobody is called": (
        "screening.yml",
        "  named: [father, dad,",
        "  named: [godfather, dad,",
        "men/named/0: nobody is called godfather",
    ),
    "a person named where nobody else is spoken of": (
        "screening.yml",
        "question: Do you have cancer?",
        "question: Does {person} have cancer?",
        "questions/cancer/question: unknown placeholder {person}",
    ),
    "a question not worded for somebody else": (
        "screening.yml",
        "    other: Does {person} have cancer?\n",
        "",
        "questions/cancer/other: is missing; add it",
    ),
    "an outcome without its reasons": (
        "screening.yml",
        "is not for {reasons}, so",
        "is not for you, so",
        "outcomes/not_suitable/text: does not say {reasons}",
    ),
    "an outcome without wording": (
        "screening.yml",
        "  suitable:\n    thanks: Thank you.\n    text: >-",
        "  suitable:\n    thanks: Thank you.\n    words: >-",
        "outcomes/suitable/text: is missing; add it",
    ),
    "a phrase left out": (
        "screening.yml",
        "  noted: Thank you, I have noted that.\n",
        "",
        "phrases/noted: is missing; add it",
    ),
    "a sign without a level": (
        "warning_signs.yml",
        "{id: fever, level: urgent,",
        "{id: fever,",
        "signs/fever/level: is missing; add it",
    ),
    "a sign that rests on nothing": (
        "warning_signs.yml",
        "  rests_on: The clinic's own safety rules. The leaflet names no signs of danger.\n",
        "",
        "signs/breathing: a sign of danger says what it rests on",
    ),
    "a sign on a fact that is none": (
        "warning_signs.yml",
        "{id: fever, level: urgent,",
        "{id: fever, level: urgent, facts: [F99],",
        "signs/fever/facts: there is no fact F99",
    ),
    "a criterion without a reviewer": (
        "screening.yml",
        "  reviewer: Dr. Demo\n",
        "",
        "questions/age/reviewer: is missing; add it",
    ),
    "a sign twice": ("warning_signs.yml", "id: pus", "id: fever", "signs/fever: the id fever is used twice"),
    "a key twice": (
        "clinic.yml",
        "\nphone:",
        "\nname: Other\nphone:",
        "clinic.yml: is not valid YAML: found duplicate key",
    ),
    "broken YAML": ("facts.yml", "sections:", "sections: [", "facts.yml: is not valid YAML: "),
    "an empty file": ("terms.yml", None, "", "terms.yml: holds no keys"),
    "a fact in two sections": (
        "facts.yml",
        "      F47: ",
        "      F01: ",
        "facts.yml: sections: F01 stands in two sections",
    ),
}


def spoil(folder: Path, file: str, old: str | None, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old is None or old in text, f"the case no longer fits {file}"
    path.write_text(new if old is None else text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(("file", "old", "new", "said"), CASES.values(), ids=CASES.keys())
def test_wrong_content_is_refused_with_path_and_cure(
    folder: Path, file: str, old: str | None, new: str, said: str
) -> None:
    spoil(folder, file, old, new)
    with pytest.raises(ContentError) as refused:
        load_content(folder)
    assert any(said in str(problem) for problem in refused.value.problems), str(refused.value)


OTHER_CASES = {
    "a word of YAML for a phrase": (
        "vocabulary.yml",
        "  liver_disease: [liver, livers]",
        "  liver_disease: [liver, no]",
        "vocabulary.yml: organs/liver_disease/1: False is not text here; write it in quotes",
    ),
    "a misspelled key of the vocabulary": (
        "vocabulary.yml",
        "\nmedicine_words:",
        "\nmedicine_wordz:",
        "vocabulary.yml: medicine_wordz: unknown key; known here: ",
    ),
    "names for a criterion that is not asked": (
        "vocabulary.yml",
        "\ncriteria:\n",
        "\ncriteria:\n  gout:\n    present: [gout]\n",
        "vocabulary.yml: criteria/gout: there is no criterion gout in screening.yml",
    ),
    "a sign that the vocabulary has no patterns for": (
        "warning_signs.yml",
        "{id: fever, level: urgent,",
        "{id: chills, level: urgent,",
        "vocabulary.yml: danger/signs/fever: is not the urgent sign of warning_signs.yml: it has no sign fever",
    ),
    "examples of danger for no sign": (
        "danger_examples.yml",
        "  breathing:",
        "  hiccups:",
        "danger_examples.yml: now/hiccups: is no sign of vocabulary.yml",
    ),
    "broken YAML of the examples": (
        "danger_examples.yml",
        "now:",
        "now: [",
        "danger_examples.yml: is not valid YAML: ",
    ),
    "a reply that Messenger lacks": (
        "messenger.yml",
        "  sticker:",
        "  stickr:",
        "messenger.yml: replies: missing sticker; unknown stickr",
    ),
    "a placeholder of Messenger's that nobody fills": (
        "messenger.yml",
        "{clinic_name}",
        "{clinic_nam}",
        "messenger.yml: {clinic_nam} is no placeholder",
    ),
}


@pytest.mark.parametrize(("file", "old", "new", "said"), OTHER_CASES.values(), ids=OTHER_CASES.keys())
def test_the_words_of_the_understanding_and_of_messenger_are_checked_too(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    spoil(folder, file, old, new)
    found = [str(problem) for problem in check_whole_content(folder)]
    assert any(one.startswith(said) for one in found), found


def test_a_pause_needs_the_words_it_is_said_with(folder: Path) -> None:
    spoil(folder, "clinic.yml", '  pause: "{open} (closed {start} to {end})"', "  # no pause: ")
    assert load_content(folder).clinic.phrases.pause == ""
    spoil(folder, "clinic.yml", 'closes: "19:00"', 'closes: "19:00"\n    pause: {start: "12:30", end: "13:30"}')
    with pytest.raises(ContentError, match="hours have a pause; add to phrases how it is said"):
        load_content(folder)


def test_the_command_names_every_file_that_is_wrong(folder: Path) -> None:
    for file in ("vocabulary.yml", "danger_examples.yml", "messenger.yml"):
        (folder / file).write_text("nonsense: true\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["content", "check", str(folder)])
    assert done.exit_code == 2
    for file in ("vocabulary.yml", "danger_examples.yml", "messenger.yml"):
        assert f"{file}: nonsense: unknown key" in done.output
    assert "in order" not in done.output


def test_the_understanding_reads_the_content_the_installation_is_set_to(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(folder, "vocabulary.yml", "present: [liver disease,", "present: [zorbitis, liver disease,")
    before = fingerprint()
    monkeypatch.setenv("MESOGUIDE_CONTENT", str(folder))
    told = load_understanding().entities("I have zorbitis")
    assert [(one["entity"], one["value"]) for one in told] == [("liver_disease", "yes")]
    assert fingerprint() != before, "a model learns from these files"


def test_a_problem_names_the_line(folder: Path) -> None:
    spoil(folder, "clinic.yml", '"19:00"', '"25:00"')
    line = next(i for i, text in enumerate((folder / "clinic.yml").read_text().splitlines(), 1) if "25:00" in text)
    assert [problem.line for problem in check_content(folder)] == [line]


def test_all_problems_are_reported_at_once(folder: Path) -> None:
    labels = ("a time without quotes", "an unknown placeholder", "an unknown fact", "a leaflet answer without facts")
    labels += (
        "a button title too long",
        "no without quotes",
        "a sign twice",
        "an unknown next step",
        "a fact in two sections",
    )
    alone = (
        "an unknown fact",
        "a leaflet answer without facts",
    )  # both rewrite the first answer: take the second elsewhere
    wanted = []
    for label in labels:
        file, old, new, said = CASES[label]
        if label == alone[1]:
            old, new, said = (
                "    facts: [F45, F46, F47]\n",
                "",
                "answers/comparison: an answer from the leaflet rests on no fact",
            )
        spoil(folder, file, old, new)
        wanted.append(said)
    with pytest.raises(ContentError) as refused:
        load_content(folder)
    assert [said for said in wanted if said not in str(refused.value)] == []


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "answers.yml").unlink()
    with pytest.raises(ContentError, match=r"answers\.yml: cannot be read .*the content needs this file"):
        load_content(folder)


def test_an_overdue_review_warns_and_does_not_stop_the_bot(folder: Path) -> None:
    spoil(folder, "answers.yml", 'review_by: "2027-11-20"', 'review_by: "2026-11-01"')
    found = check_content(folder, date(2026, 11, 23))
    assert found
    assert {problem.level for problem in found} == {"warning"}
    assert "its review was due on 2026-11-01" in str(found[0])
    assert load_content(folder).answers


def test_an_answer_that_is_hard_to_read_is_a_problem(folder: Path) -> None:
    hard = "Contraindications necessitate individualised clinical consideration preceding administration."
    spoil(folder, "answers.yml", "Our leaflet says it is not painful.", hard)
    assert any(
        str(one).startswith("answers.yml: answers/pain/text: reads at US grade") for one in check_content(folder)
    )


def test_the_version_changes_with_every_byte(folder: Path) -> None:
    before = load_content(folder).version
    spoil(folder, "terms.yml", "# Medical", "#  Medical")
    assert load_content(folder).version != before


def test_loaded_content_cannot_be_changed(folder: Path) -> None:
    content = load_content(folder)
    with pytest.raises(ValueError, match="frozen"):
        content.answers[0].text = "something else"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        content.version = "0"  # type: ignore[misc]


JUNK = st.sampled_from(
    ["", "null", "[]", "{}", "no", "17:30", "-1", "x: y: z", "'", "{a: [}", "- 1", "&a [*a]", "2026-01-01"]
)
FILES = ("answers.yml", "clinic.yml", "facts.yml", "next_steps.yml", "screening.yml", "terms.yml", "warning_signs.yml")


@given(file=st.sampled_from(FILES), where=st.floats(0, 1), junk=JUNK)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_spoilt_value_is_reported_and_never_crashes_the_check(
    root: Path, folder: Path, file: str, where: float, junk: str
) -> None:
    lines = (root / "bot" / "content" / file).read_text(encoding="utf-8").splitlines()
    index = int(where * (len(lines) - 1))
    lines[index] = lines[index].split(":")[0] + ": " + junk
    (folder / file).write_text("\n".join(lines), encoding="utf-8")
    found = check_content(folder)
    known = {path.name for path in folder.rglob("*.yml")}
    assert [problem for problem in found if problem.file not in known or not str(problem)] == []
    (folder / file).write_text((root / "bot" / "content" / file).read_text(encoding="utf-8"), encoding="utf-8")
