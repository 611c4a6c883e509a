"""The `mesoguide` command. Each subcommand names the module that does the work; errors become one line and an exit code."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bot.settings import SettingError, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
content = typer.Typer(no_args_is_help=True, help="What the clinic says and decides.")
app.add_typer(content, name="content")
console = Console()


def main() -> None:
    """Entry point: a wrong setting or content file is one clear line, not a trace."""
    from bot.clinic.content import ContentError

    try:
        app()
    except (SettingError, ContentError) as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        sys.exit(2)


@app.command()
def serve() -> None:
    """Train if needed, start web, Rasa and the action server, and keep them running until Ctrl-C."""
    from bot.serving import first_start, secrets, supervisor

    settings = Settings.from_env()
    settings.var.mkdir(parents=True, exist_ok=True)
    env = secrets.complete_environment(settings, os.environ)
    _check_content(settings)
    model = _model()
    demo_desk = first_start.prepare(settings, env, datetime.now(timezone.utc))
    watcher = supervisor.Supervisor(supervisor.parts(settings, str(model), env), console.print)
    try:
        with console.status("Starting the web, Rasa and action servers …"):
            watcher.start()
        if not watcher.stopping:
            console.print(f"[green]Mesoguide is ready:[/green] http://localhost:{settings.port}/   (Ctrl-C stops it)")
            console.print(f"The front desk:      http://localhost:{settings.port}/desk")
            if demo_desk:
                where = settings.var / "secrets.json"
                console.print(
                    f"  sign in as {first_start.DEMO_ADMIN}; the demo password is in {where}", highlight=False
                )
        watcher.watch()
    except (supervisor.PortTaken, TimeoutError) as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(1) from error
    finally:
        watcher.end()
    console.print("Stopped.")


@app.command()
def train(force: Annotated[bool, typer.Option(help="Train even when a current model exists.")] = False) -> None:
    """Train the model of the present files, unless there is one."""
    console.print(f"Model: {_model(force)}", highlight=False)


def _model(force: bool = False) -> Path:
    from bot.serving import training

    found = None if force else training.current_model()
    if found:
        return found
    columns = (SpinnerColumn(), TextColumn("Training"), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("starting Rasa", total=None)
        try:
            return training.train(lambda step: progress.update(task, description=step))
        except training.TrainingFailed as error:
            progress.stop()
            console.print(f"[red]Training failed.[/red]\n{error}", highlight=False)
            raise typer.Exit(1) from error


@content.command("check")
def check(
    folder: Annotated[Path | None, typer.Argument(help="Content folder; the installation's by default.")] = None,
) -> None:
    """Check every content file and say what is wrong, where, and what is expected."""
    settings = Settings.from_env()
    _check_content(replace(settings, content=folder) if folder else settings)
    console.print("Content is in order.")


def _check_content(settings: Settings) -> None:
    from bot.clinic.content import check_content

    problems = check_content(settings.content, date.today())
    for problem in problems:
        console.print(str(problem), highlight=False, markup=False)
    if any(problem.level == "error" for problem in problems):
        raise typer.Exit(2)


if __name__ == "__main__":
    main()
