"""The clinic's YAML, as somebody in a hurry edits it: whatever it has become, the check says so and does not break."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from bot.clinic.content import check_content
from bot.settings import BOT

WRONG = ("", "~", "[]", "{}", "no", "17:30", "1e999", "'", '"', "&a", "*a", "!!python/object:os.system", "- ", "{x}",
         "\t", "\x07", "2026-02-30", "-1", "é" * 50, "? ", "|", ">", "%", "@", "`", "<<: *x")  # fmt: skip


def run(count: int, start: int, folder: Path) -> None:
    """Change one place of one file, so many times, and check all. Raises what the check raised."""
    chance = random.Random(start)
    copy = folder / "content"
    shutil.copytree(BOT / "content", copy)
    files = sorted(copy.glob("*.yml"))
    for _ in range(count):
        file = chance.choice(files)
        whole = file.read_text(encoding="utf-8")
        file.write_text(_changed(whole, chance), encoding="utf-8")
        check_content(copy)
        file.write_text(whole, encoding="utf-8")


def _changed(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    at = chance.randrange(len(lines))
    kind = chance.randrange(5)
    if kind == 0:
        lines[at] = ""
    elif kind == 1:
        lines[at] = lines[at].rstrip("\n") + chance.choice(WRONG) + "\n"
    elif kind == 2:
        key = lines[at].partition(":")[0]
        lines[at] = f"{key}: {chance.choice(WRONG)}\n"
    elif kind == 3:
        lines.insert(at, lines[chance.randrange(len(lines))])
    else:
        lines[at] = " " * chance.randrange(8) + lines[at].lstrip()
    return "".join(lines)
