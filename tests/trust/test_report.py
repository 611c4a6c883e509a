"""The document a doctor signs holds everything patients are told, beside what it rests on."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from markupsafe import escape

from bot.clinic.content import Content
from bot.clinic.report import content_report, effects
from bot.serving.printing import PrintError, browser, print_pdf
from tests.trust.conftest import Edit


def entry(html: str, id: str) -> str:
    found = re.search(rf'id="{id}".*?</table>', html, re.DOTALL)
    assert found, f"{id} is not in the report"
    return found[0]


def test_every_answer_stands_beside_its_facts_author_and_review(content: Content) -> None:
    html = content_report(content)
    for answer in content.answers:
        part = entry(html, f"answer-{answer.id}")
        assert answer.author in part
        assert answer.reviewer in part
        assert str(answer.review_by) in part
        assert [f"<b>{fact}</b>" in part for fact in answer.facts] == [True] * len(answer.facts)


def test_every_criterion_shows_its_fact_and_what_each_answer_leads_to(content: Content) -> None:
    html = content_report(content)
    for question in content.screening.questions:
        at = html.index(f'id="criterion-{question.criterion}"')
        part = html[at : html.index('<p class="small">Named', at)]
        assert question.fact in part
        assert part.count("not suitable</td>") >= 1


def test_all_that_a_check_says_and_takes_as_said_is_signed(content: Content) -> None:
    html = content_report(content)
    for name, one in content.screening.outcomes:
        part = html[html.index(f'id="outcome-{name}"') :].split("</tr>")[0]
        assert part.count("For somebody else") == 1
        assert one.thanks in part
    part = unescape(entry(html, "words"))
    assert all(word in part for word in content.screening.words.means["past"])
    assert "From 60 years on it is not asked" in html
    assert "after: gestational" in html


def test_a_warning_sign_shows_the_words_a_patient_reads(content: Content) -> None:
    html = content_report(content)
    for sign in content.warning_signs:
        part = entry(html, f"sign-{sign.id}").split("</tr>")[0]
        number = content.clinic.emergency_number if sign.level == "emergency" else content.clinic.phone
        assert number in part


def test_every_criterion_and_sign_has_an_author_a_reviewer_a_review_and_what_it_rests_on(content: Content) -> None:
    html = content_report(content)
    for question in content.screening.questions:
        part = html[html.index(f'id="criterion-{question.criterion}"') :].split("</div>")[0]
        assert [str(value) in part for value in (question.author, question.reviewer, question.review_by)] == [True] * 3
    for sign in content.warning_signs:
        part = entry(html, f"sign-{sign.id}").split("</tr>")[0]
        assert [str(value) in part for value in (sign.author, sign.reviewer, sign.reviewed)] == [True] * 3
        assert sign.rests_on is not None
        assert str(escape(sign.rests_on)) in part


def test_every_language_is_signed_with_its_words_of_danger_and_its_replies(content: Content) -> None:
    html = content_report(content)
    assert len(content.languages) == 14
    for code, language in content.languages.items():
        part = unescape(entry(html, f"language-{code}"))
        assert [str(one) in part for one in (language.author, language.reviewer, language.review_by)] == [True] * 3
        assert content.fill(language.emergency) in part
        assert all(word in part for words in language.danger.values() for word in words)
    late = content_report(content, date(2027, 11, 21))
    assert all("(overdue)" in entry(late, f"language-{code}") for code in content.languages)


@pytest.mark.parametrize(
    ("file", "entry_of", "kind"),
    [
        ("answers.yml", "  - id: definition\n", "answer"),
        ("screening.yml", "  - id: age\n", "criterion"),
        ("warning_signs.yml", "  - id: suicide\n", "sign"),
    ],
    ids=["answer", "criterion", "sign"],
)
def test_one_entry_may_have_its_own_review_and_is_overdue_alone(
    edited: Edit, file: str, entry_of: str, kind: str
) -> None:
    content = edited(file, entry_of, f'{entry_of}    review_by: "2026-11-30"\n')
    (late,) = content.overdue(date(2026, 12, 1))
    assert late[0] == kind
    html = content_report(content, date(2026, 12, 1))
    assert html.count("(overdue)") == 1
    assert "reviews overdue: 1" in html


def test_the_page_needs_nothing_from_elsewhere(content: Content) -> None:
    html = content_report(content, date(2026, 12, 1))
    assert not re.findall(r"<(?:script|link|img|iframe)|url\(|@import|src=", html)
    assert "{" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL), "a placeholder was left"


def test_markup_in_content_is_shown_not_run(content: Content) -> None:
    first = content.answers[0].model_copy(update={"text": "<script>alert(1)</script>"})
    html = content_report(replace(content, answers=(first, *content.answers[1:])))
    assert "<script" not in html


def test_an_overdue_review_is_marked(content: Content) -> None:
    assert "(overdue)" not in content_report(content, date(2026, 12, 1))
    assert "(overdue)" in content_report(content, date(2040, 1, 1))


def test_the_rule_of_a_criterion_is_that_of_the_rules(content: Content) -> None:
    by_title = {
        (one.asked, one.title): (one.outcome, one.then)
        for question in content.screening.questions
        for one in effects(question, content.screening)
    }
    assert by_title["age", "17 or younger"] == ("not_suitable", None)
    assert by_title["age", "18 or older"] == ("suitable", None)
    assert by_title["pregnant", "Yes"] == ("not_suitable", None)
    assert by_title["pregnant", "Trying for a baby"] == ("clinician_review", None)
    assert by_title["cancer", "Yes"] == ("not_suitable", None)
    assert by_title["heart_multi_drug", "Yes"] == ("clinician_review", "heart_medicines")
    assert by_title["heart_medicines", "Two or more"] == ("not_suitable", None)
    assert by_title["heart_medicines", "One or none"] == ("clinician_review", None)


@pytest.mark.slow
@pytest.mark.skipif(browser() is None, reason="no Chromium on this machine")
def test_the_report_prints_to_pdf(content: Content, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(content_report(content), encoding="utf-8")
    assert print_pdf(page, tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")


def test_without_a_browser_printing_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrintError, match="apt install chromium"):
        print_pdf(tmp_path / "a.html", tmp_path / "a.pdf")
