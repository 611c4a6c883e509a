"""The `mesoguide` command: serving and training. The others are in commands.py; an error is one line and a code."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot import commands
from bot.settings import SettingError, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
for name, group in commands.GROUPS.items():
    app.add_typer(group, name=name)
for command in commands.COMMANDS:
    app.command()(command)
console = Console()


def main() -> None:
    """Entry point: a wrong setting or content file is one clear line, not a trace."""
    from bot.clinic.content import ContentError
    from bot.serving.backup import BackupError
    from bot.serving.content_live import NotApproved
    from bot.serving.models import BrokenModel
    from bot.serving.printing import PrintError
    from bot.serving.quiet import silence_warnings

    silence_warnings()
    try:
        app()
    except (SettingError, ContentError, NotApproved, BackupError, BrokenModel, PrintError) as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        sys.exit(2)


@app.command()
def serve() -> None:
    """Train if needed, start web and Rasa, and keep them running until Ctrl-C."""
    from bot.serving import first_start, models, secrets, supervise
    from bot.web.doors import doors

    settings = Settings.from_env()
    settings.var.mkdir(parents=True, exist_ok=True)
    env = secrets.complete_environment(settings, os.environ)
    secrets.check(settings)
    settings = Settings.from_env(env)
    os.environ["MESOGUIDE_CONTENT"] = env["MESOGUIDE_CONTENT"] = str(_content(settings))
    doors(settings.credentials)  # what is wrong there is said once, and not by a web process that dies again and again
    model = _model()
    models.keep(model, settings.var)
    demo_desk = first_start.prepare(settings, datetime.now(timezone.utc))
    supervise.become(model, env, first_start.DEMO_ADMIN if demo_desk else "")


@app.command()
def train(force: Annotated[bool, typer.Option(help="Train even when a current model exists.")] = False) -> None:
    """Train the model of the present files, unless there is one."""
    console.print(f"Model: {_model(force)}", highlight=False)


def _content(settings: Settings) -> Path:
    """The folder to speak from; says so when a change waits for its approval."""
    from bot.serving import content_live

    in_order = commands.is_in_order(settings.content)
    if not in_order and not settings.production:
        raise typer.Exit(2)
    served = content_live.to_serve(settings, in_order)
    if served.waiting:
        what = f"The content in {settings.content} (version {served.waiting}) waits for a clinician's approval."
        told = f"Patients are told version {served.version}, as before."
        console.print(f"[yellow]{what}[/yellow] {told}", highlight=False)
        console.print("See mesoguide content diff, then mesoguide content approve --by NAME, and start again.")
    return served.folder


def _model(force: bool = False) -> Path:
    from bot.serving import models, training

    found = None if force else models.live()
    if found is None:
        made = _train()
        why = models.check(made)
        found = models.live() or made
        if why:
            console.print(f"[yellow]The new model is refused:[/yellow] {why}", highlight=False)
    present = found.name.startswith(training.fingerprint())
    if not present:
        again = "mesoguide train --force tries again"
        console.print(f"Going on with the model before, {found.name}; {again}.", highlight=False)
    return found


def _train() -> Path:
    from bot.serving import training

    columns = (SpinnerColumn(), TextColumn("Training"), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting Rasa", total=None)
        try:
            return training.train(lambda step: progress.update(task, description=step))
        except training.TrainingFailed as error:
            progress.stop()
            console.print(f"[red]Training failed.[/red]\n{error}", highlight=False)
            raise typer.Exit(1) from error


if __name__ == "__main__":
    main()
