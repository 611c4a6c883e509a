"""The commands of `mesoguide` beside serving and training: content, desk, data, keys, health, Messenger, measuring."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from rich.console import Console

from bot.settings import ROOT, Settings

if TYPE_CHECKING:
    from bot.evaluation import Taught

console = Console()
content = typer.Typer(no_args_is_help=True, help="What the clinic says and decides.")
screening = typer.Typer(no_args_is_help=True, help="What was decided in checks, and by which rules.")
desk = typer.Typer(no_args_is_help=True, help="The front desk's accounts.")
privacy = typer.Typer(no_args_is_help=True, help="One person's data.")
keys = typer.Typer(no_args_is_help=True, help="Field-encryption keys.")
messenger = typer.Typer(no_args_is_help=True, help="The clinic's Facebook page.")
GROUPS = {
    "content": content,
    "screening": screening,
    "desk": desk,
    "privacy": privacy,
    "keys": keys,
    "messenger": messenger,
}


def now() -> datetime:
    """The present moment, aware."""
    return datetime.now(timezone.utc)


# ---- content


@content.command("check")
def content_check(
    folder: Annotated[Path | None, typer.Argument(help="By default the installation's.")] = None,
) -> None:
    """Check every content file and say what is wrong, where, and what is expected."""
    if not is_in_order(folder or Settings.from_env().content):
        raise typer.Exit(2)
    console.print("Content is in order.")


def is_in_order(folder: Path) -> bool:
    """Print every problem of a content folder; False when one is an error."""
    from bot.serving.content_check import check_whole_content

    problems = check_whole_content(folder, date.today())
    for problem in problems:
        console.print(str(problem), highlight=False, markup=False)
    return not any(problem.level == "error" for problem in problems)


@content.command("report")
def content_report(path: Annotated[Path, typer.Argument(help="A new .html or .pdf file.")]) -> None:
    """Write what the bot may say and decide as a document that a doctor can sign."""
    from bot.clinic.content import load_content
    from bot.clinic.report.document import content_report as document
    from bot.serving.printing import print_pdf

    html = path.with_suffix(".html")
    html.write_text(document(load_content(Settings.from_env().content), date.today()))
    console.print(f"Written: {print_pdf(html, path) if path.suffix == '.pdf' else html}", highlight=False)


@content.command("diff")
def content_diff(
    new: Annotated[Optional[Path], typer.Argument(help="A folder; by default the installation's.")] = None,
    old: Annotated[Optional[Path], typer.Option(help="Compare with this folder instead of what is live.")] = None,
) -> None:
    """What a change of the content changes for patients, before it goes live: before, after, and which questions."""
    from bot.clinic.content import load_content
    from bot.clinic.report.diff import content_diff as changes
    from bot.serving.contents import NotOnRecord, pending

    settings = Settings.from_env()
    try:
        found = changes(load_content(old), load_content(new or settings.content)) if old else pending(settings, new)
    except NotOnRecord as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from error
    for change in found:
        console.print(
            f"[bold]{change.what}[/bold]\n  before: {change.before}\n  after:  {change.after}", highlight=False
        )
        if change.affects:
            console.print(f"  asked:  {', '.join(change.affects)}", highlight=False)
    console.print(_changes(len(found)), highlight=False)


@content.command("approve")
def content_approve(by: Annotated[str, typer.Option(help="The clinician who stands behind it.")]) -> None:
    """Write down in the audit log who approved the content as it is now."""
    from bot.serving.contents import approve

    changes = approve(Settings.from_env(), by, now())
    console.print(f"Approved by {by}: {_changes(changes)}", highlight=False)


def _changes(number: int) -> str:
    return "1 change for patients." if number == 1 else f"{number} changes for patients."


@content.command("trace")
def content_trace(message: Annotated[str, typer.Argument(help="The id of something the bot said.")]) -> None:
    """Where a past answer came from: the version of the content, who approved it, and its facts."""
    from bot.serving.contents import NotOnRecord, trace

    try:
        lines = trace(Settings.from_env(), message)
    except NotOnRecord as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from error
    for line in lines:
        console.print(line, highlight=False, markup=False)


# ---- screenings


@screening.command("replay")
def screening_replay(
    rules: Annotated[Optional[Path], typer.Argument(help="A content folder or screening.yml.")] = None,
) -> None:
    """List the stored screenings whose outcome would differ under other rules, or under those in use."""
    from bot.clinic.content import load_content, load_with_screening
    from bot.clinic.screening.replay import replay
    from bot.store import screenings_stored
    from bot.store.engine import reading
    from bot.store.opening import open_store

    settings = Settings.from_env()
    chosen = rules or settings.content
    content = load_content(chosen) if chosen.is_dir() else load_with_screening(settings.content, chosen.read_bytes())
    with reading(open_store(settings)) as session:
        done = replay(screenings_stored.current(session), content.screening)
        was = screenings_stored.reasons(session, [one.id for one in done.differences])
    for one in done.differences:
        because = ", ".join(one.now_reasons or was[one.id])
        settled = f" (a clinician decided: {one.settled})" if one.settled else ""
        typer.echo(f"{one.id}  {one.was}{settled} -> {one.now}  {because}  rules {one.rules_version}")
    found = f"{len(done.differences)} of {done.total} would end differently"
    console.print(f"{found} by the rules {content.screening.version}.", highlight=False)


@screening.command("export")
def screening_export(screening_id: str, path: Path) -> None:
    """Write a screening as a FHIR R4 QuestionnaireResponse."""
    import json

    from bot.clinic.content import load_content
    from bot.clinic.screening import Screening
    from bot.clinic.screening.fhir import Decided, response
    from bot.store import contents, screenings, staff
    from bot.store.engine import reading
    from bot.store.opening import open_store

    settings = Settings.from_env()
    content = load_content(settings.content)
    with reading(open_store(settings)) as session:
        row = screenings.get(session, screening_id)
        if row is None:
            console.print("[red]There is no such screening.[/red]")
            raise typer.Exit(1)
        by = screenings.settled_by(row.answers)
        settled_by = staff.names(session).get(by, by) if by else ""
        decided = Decided(row.outcome, row.reasons, row.rules_version, settled_by)
        of_its_day = contents.by_which(session, row, content) or content
        state = Screening.from_dict(row.answers)
        made = response(state, of_its_day, id=row.id, decided_at=row.decided_at, decided=decided)
    path.write_text(json.dumps(made, indent=2))
    console.print(f"Written: {path}", highlight=False)


@screening.command("questionnaire")
def screening_questionnaire(path: Path) -> None:
    """Write the rules in use as a FHIR R4 Questionnaire."""
    import json

    from bot.clinic.content import load_content
    from bot.clinic.screening.fhir import questionnaire

    path.write_text(json.dumps(questionnaire(load_content(Settings.from_env().content)), indent=2))
    console.print(f"Written: {path}", highlight=False)


# ---- the desk


@desk.command("create-admin")
def create_admin(email: str, name: str) -> None:
    """Make the first account; the password is asked for."""
    from bot.store import passwords, staff
    from bot.store.engine import unit_of_work
    from bot.store.opening import open_store

    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with unit_of_work(open_store(Settings.from_env())) as session:
        try:
            staff.create_admin(session, email, name, password, now())
        except (staff.StaffError, passwords.WeakPassword) as error:
            console.print(f"[red]{error}[/red]", highlight=False)
            raise typer.Exit(1) from error
        session.commit()
    console.print(f"{email} can now sign in at /desk.", highlight=False)


def demo_data() -> None:
    """Fill an empty installation with invented conversations, so that a newcomer sees a living desk."""
    from bot.desk.demo import demo_data as fill
    from bot.store.engine import unit_of_work
    from bot.store.opening import open_store

    with unit_of_work(open_store(Settings.from_env())) as session:
        made = fill(session, now())
        session.commit()
    console.print(f"{made} conversations made." if made else "The demo data is there already.")


def export_training() -> None:
    """Print the wordings that the desk approved as a change of bot/data/nlu.yml; nothing is trained by this."""
    from bot.store.engine import reading
    from bot.store.opening import open_store
    from bot.store.training_export import export_training as export

    with reading(open_store(Settings.from_env())) as session:
        typer.echo(export(session), nl=False)


# ---- data, keys, health


@privacy.command("find")
def privacy_find(known: Annotated[str, typer.Argument(help="A phone number, email address or reference.")]) -> None:
    """List the conversations in which somebody booked with a contact, for export or erase."""
    from bot.store.engine import reading
    from bot.store.opening import open_store
    from bot.store.privacy import find_conversations

    with reading(open_store(Settings.from_env())) as session:
        found = find_conversations(session, known)
    for conversation in found:
        typer.echo(conversation)
    if not found:
        console.print("Nobody booked with that.")


@privacy.command("export")
def privacy_export(
    conversation: str, path: Annotated[Path, typer.Argument(help="A new .json file; a page to read goes beside it.")]
) -> None:
    """Write everything stored about a conversation as JSON, and as a page that the person can read."""
    from bot.serving.rights import hand_out

    for written in hand_out(Settings.from_env(), conversation, path, now()):
        console.print(f"Written: {written}", highlight=False)


@privacy.command("erase")
def privacy_erase(conversation: str) -> None:
    """Delete everything stored about a conversation, but what the law makes the clinic keep."""
    from bot.serving.rights import erase

    removed, kept = erase(Settings.from_env(), conversation, now())
    console.print(f"Rows removed: {removed}.")
    if kept:
        console.print(f"Kept, since the law asks for it: the record of {kept} visits that took place.")


@privacy.command("retain")
def privacy_retain() -> None:
    """Delete what is older than the days of clinic.yml, and say what was removed and what was kept."""
    from bot.serving.rights import retain

    for line in retain(Settings.from_env(), now()).lines():
        console.print(line, highlight=False)


def backup(path: Path, portable: Annotated[bool, typer.Option(help="For moving between databases.")] = False) -> None:
    """Save the database to one file while the system runs."""
    from bot.serving.backup import backup as save
    from bot.serving.backup import note

    settings = Settings.from_env()
    done = save(settings, path, portable=portable)
    if not note(settings, done, now()):
        console.print("The audit log could not take note of it: the database takes no writing.", style="yellow")
    console.print(f"{sum(done.rows.values())} rows, {done.bytes} bytes: {done.path}", highlight=False)


def restore(path: Path, replace: Annotated[bool, typer.Option(help="Replace what is there.")] = False) -> None:
    """Bring a saved database back; people erased since stay erased."""
    from bot.serving.backup import restore as bring_back

    done = bring_back(Settings.from_env(), path, now(), replace=replace)
    console.print(f"{sum(done.rows.values())} rows restored; {done.erased} erased again.", highlight=False)
    if done.aside:
        console.print(f"The damaged database is now {done.aside}; it holds patients' data: remove it.", highlight=False)


@keys.command("new")
def keys_new() -> None:
    """Print a fresh key, to be put first in MESOGUIDE_KEYS."""
    from bot.serving.keys import new_key

    typer.echo(new_key())


@keys.command("rotate")
def keys_rotate() -> None:
    """Rewrite everything stored under the first key, so that the others may go."""
    from bot.serving.keys import rotate_keys

    done = rotate_keys(Settings.from_env())
    console.print(f"{sum(done.rows.values())} rows rewritten; {done.spare} older keys may now go.")


def doctor() -> None:
    """Look the installation over and say in words what to fix."""
    from bot.serving.doctor import examine

    marks = {"ok": "[green]ok     [/green]", "warning": "[yellow]warning[/yellow]", "error": "[red]error  [/red]"}
    findings = examine(Settings.from_env(), date.today())
    for finding in findings:
        console.print(f"{marks[finding.level]} {finding.check}: {finding.what} {finding.cure}", highlight=False)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(1)


@messenger.command("setup")
def messenger_setup() -> None:
    """Set the page's menu, greeting and ice breakers, and check the configuration."""
    from bot.channels.messenger import setup

    lines = setup(Settings.from_env())
    for line in lines:
        console.print(line, highlight=False, markup=False)
    if any(line.startswith("Problem:") for line in lines):
        raise typer.Exit(1)


def evaluate(
    model: Annotated[Optional[Path], typer.Option(help="By default the current one.")] = None,
    against: Annotated[Optional[Path], typer.Option(help="Earlier figures (JSON) to compare with.")] = None,
    sets: Annotated[str, typer.Option(help="Only these, as development,fresh-a: unseen ones stay unlooked at.")] = "",
) -> None:
    """Measure the understanding on the held-out messages, and ask what the desk has taught. Fails below the floors of
    tests/heldout/floors.yml, and when an approved answer of the desk is no longer given."""
    from bot.evaluation import run
    from bot.evaluation.heldout import HeldOutError
    from bot.evaluation.runner import NoModelError
    from bot.serving.quiet import make_quiet
    from bot.serving.training import current_model

    make_quiet()
    held_out, results = ROOT / "tests" / "heldout", ROOT / "results"
    taught, only = taught_by_the_desk(Settings.from_env()), sets.replace(",", " ").split()
    try:
        report = run(model or current_model(), held_out, results, against, taught=taught, only=only)
    except (HeldOutError, NoModelError) as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(2) from None
    report.print()
    if report.failures:
        raise typer.Exit(1)


def taught_by_the_desk(settings: Settings) -> Taught | None:
    """The regression cases of this installation's desk; None, and a line about it, when there is no installation."""
    from functools import partial

    from bot.clinic.answers import has_answer
    from bot.clinic.content import load_content
    from bot.evaluation import Taught
    from bot.store.engine import reading
    from bot.store.opening import open_store
    from bot.store.training_export import regression_cases

    if not settings.keys:
        console.print("No installation here, so no answers of the desk were asked for.")
        return None
    content = load_content(settings.content)
    with reading(open_store(settings)) as session:
        cases = regression_cases(session)
    return Taught(cases, partial(has_answer, content))


COMMANDS = (demo_data, export_training, backup, restore, doctor, evaluate)
