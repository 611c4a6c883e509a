"""The figures: how the assistant and the desk did, as charts and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from bot.desk import charts
from bot.desk.figures import as_tables, collect
from bot.desk.routing import Pages, Refused, Signed
from bot.store import audit

pages = Pages()
CHOICES = (4, 12, 26)
USUAL = 12


@pages.get("/figures")
def figures(view: Signed, weeks: int = USUAL) -> Response:
    """The page for a manager."""
    data = collect(view.desk, view.now, weeks if weeks in CHOICES else USUAL)
    return view.page("figures.html", choices=CHOICES, charts=charts, **data)


@pages.get("/figures.csv")
def export(view: Signed, table: str = "weeks", weeks: int = USUAL) -> Response:
    """One table as CSV. It leaves the desk and so is in the log; cells a spreadsheet would calculate stay text."""
    tables = as_tables(collect(view.desk, view.now, weeks if weeks in CHOICES else USUAL))
    if table not in tables:
        raise Refused("There is no such table.", 404)
    with view.changing() as session:
        audit.record(session, actor=view.staff.id, action="figures.exported", subject=f"figures:{table}", now=view.now)
    headers = {"Content-Disposition": f'attachment; filename="{table}.csv"'}
    return Response(to_csv(tables[table]), media_type="text/csv; charset=utf-8", headers=headers)


def to_csv(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV; a text that begins like a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_safe(cell) for cell in row])
    return "\ufeff" + out.getvalue()


def _safe(cell: Any) -> Any:
    """Spreadsheets skip spaces before a formula, and some take the full-width signs for the plain ones."""
    looks_like_a_formula = isinstance(cell, str) and cell.lstrip(" \u00a0").startswith(tuple("=+-@\t\r\n＝＋－＠"))
    return f"'{cell}" if looks_like_a_formula else cell
