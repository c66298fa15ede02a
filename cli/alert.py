"""`kip alert preview`: shows the texts of a programme as officers would read them, on sample data."""

from pathlib import Path
from typing import Annotated

import typer

from shared.programme.base import LANGUAGES
from shared.programme.message_text import SAMPLE
from shared.programme.reading import fill_confined, load_confined

alert_app = typer.Typer(help="What officers are told.", no_args_is_help=True)
_RULE = "=" * 78


@alert_app.callback()
def alerts() -> None:
    """What officers are told."""


@alert_app.command("preview")
def preview(
    folder: Annotated[Path, typer.Argument(help="A programme's folder.", exists=True, file_okay=False)],
    text: Annotated[str | None, typer.Option(help="One text, like overdue; all if absent.")] = None,
    language: Annotated[str | None, typer.Option(help="One language; all if absent.")] = None,
    requested: Annotated[bool, typer.Option("--requested", help="As those read who are asked, not ordered.")] = False,
) -> None:
    """Print the texts of a programme, filled with sample data."""
    programme = load_confined(folder)
    if language is not None and language not in LANGUAGES:
        raise ValueError(f"--language: expected one of {', '.join(LANGUAGES)}, got {language!r}")
    known = sorted(programme.messages[LANGUAGES[0]])
    if text is not None and text not in known:
        raise ValueError(f"--text: expected one of {', '.join(known)}, got {text!r}")
    chosen = [
        (reads, name)
        for name in (known if text is None else [text])
        for reads in (LANGUAGES if language is None else [language])
    ]
    messages = fill_confined(
        [
            (programme.messages[reads][name], {**SAMPLE, "language": reads, "requested": requested})
            for reads, name in chosen
        ]
    )
    for (reads, name), message in zip(chosen, messages, strict=True):
        typer.echo(f"{_RULE}\nmessages/{reads}/{name}.j2: {message.subject}\n{_RULE}\n{message.body}")
