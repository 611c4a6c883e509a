"""A page as PDF, printed by a headless Chromium where there is one. The page brings all it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PRINT_SECONDS = 60


class PrintError(RuntimeError):
    """The page could not be printed; the message says what to do."""


def browser() -> str | None:
    """The path of a Chromium on this machine, or None."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def print_pdf(html_path: Path, pdf_path: Path) -> Path:
    """Print a local HTML file to PDF; raises PrintError without a Chromium or when it fails."""
    program = browser()
    if program is None:
        raise PrintError(
            "there is no Chromium to print with; install it (apt install chromium), or print the HTML file yourself"
        )
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={profile}"]
        options += ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses a sandbox to root
        options += ["--host-resolver-rules=MAP * ~NOTFOUND"]  # a report asks nobody for anything
        command = [program, *options, f"--print-to-pdf={pdf_path.resolve()}", html_path.resolve().as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=PRINT_SECONDS)
        except subprocess.TimeoutExpired:
            raise PrintError(f"{program} did not print within {PRINT_SECONDS} seconds") from None
    if done.returncode != 0 or not pdf_path.exists():
        raise PrintError(f"{program} could not print {html_path} (exit code {done.returncode})")
    return pdf_path
