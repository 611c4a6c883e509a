"""A content file of somebody else, or mangled by an editor, is a problem in words and never the end of a process."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.clinic.content import ContentError, check_content
from bot.clinic.content.load import load_with_screening


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(root / "bot" / "content", tmp_path / "content"))


@pytest.mark.parametrize("value", ["2026-02-30", "2026-99-99", "!!int x", "!!float x", "!!bool 3"])
def test_a_value_that_cannot_be_read_is_a_problem_with_a_cure(folder: Path, value: str) -> None:
    file = folder / "screening.yml"
    file.write_text(file.read_text(encoding="utf-8") + f"\nmore: {value}\n", encoding="utf-8")
    found = [str(one) for one in check_content(folder)]
    assert any("screening.yml: holds a value that cannot be read" in one and "in quotes" in one for one in found), found


def test_a_file_that_one_reader_takes_and_the_other_refuses_has_problems_without_a_line(folder: Path) -> None:
    file = folder / "screening.yml"
    file.write_text(file.read_text(encoding="utf-8") + "\nmore: \t\n", encoding="utf-8")
    found = [one for one in check_content(folder) if one.file == "screening.yml"]
    assert [one.line for one in found] == [None]


@pytest.mark.parametrize("nest", ["[", "{a: ", "- ", "? "])
def test_a_file_that_is_nested_without_end_ends_no_process(folder: Path, nest: str) -> None:
    with pytest.raises(ContentError, match="nested too deeply"):
        load_with_screening(folder, (nest * (190_000 // len(nest))).encode())


def test_a_small_file_does_not_become_a_huge_one(folder: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(ContentError, match="aliases"):
        load_with_screening(folder, "\n".join([*lines, "version: *a11"]).encode())


@pytest.mark.parametrize("raw", [b"", b"\0", b"\xff\xfe", b"- a\n\t- b", b"? [a]\n: b\n", b"%YAML 9.9\n---\n"])
def test_bytes_that_are_no_rules_are_refused_in_words(folder: Path, raw: bytes) -> None:
    with pytest.raises(ContentError, match=r"screening\.yml"):
        load_with_screening(folder, raw)
