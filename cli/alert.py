"""`kip alert preview`: shows the texts of a programme as officers would read them, about an example of its own."""

from pathlib import Path
from typing import Annotated

import typer

from cli.preview import Preview, owing
from cli.registry import UNITS_FILE, Register
from services.notifications.messages.html_part import html_of
from shared.domain.units import Units
from shared.programme.problems import CALENDARS
from shared.programme.reading import fill_confined, load_confined
from shared.registry.units_file import read_units

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
    requested: Annotated[
        bool, typer.Option("--requested", help="As those read who are asked, not ordered; decisions as waivers.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="A folder for the mails as HTML, to be opened in a browser.")
    ] = None,
    units: Register = UNITS_FILE,
) -> None:
    """Print the texts of a programme about one of its reports: its agencies, periods, deadlines and languages."""
    programme = load_confined(folder, CALENDARS)
    languages = sorted(programme.languages)
    if language is not None and language not in languages:
        raise ValueError(f"--language: expected one of {', '.join(languages)}, got {language!r}")
    known = sorted(programme.messages[languages[0]])
    if text is not None and text not in known:
        raise ValueError(f"--text: expected one of {', '.join(known)}, got {text!r}")
    register = Units(read_units(units))
    example = owing(programme, register, requested=requested)
    chosen = [
        (reads, name)
        for name in (known if text is None else [text])
        for reads in (languages if language is None else [language])
    ]
    previews = {reads: Preview(programme, register, example, reads) for reads in languages}
    messages = fill_confined(
        [
            (programme.messages[reads][name], previews[reads].variables(name, requested=requested))
            for reads, name in chosen
        ]
    )
    for (reads, name), message in zip(chosen, messages, strict=True):
        if html is not None:
            html.mkdir(parents=True, exist_ok=True)
            page = html_of(message.subject, [message.body], reads)
            (html / f"{name}.{reads}.html").write_text(page, encoding="utf-8")
        typer.echo(f"{_RULE}\nmessages/{reads}/{name}.j2: {message.subject}\n{_RULE}\n{message.body}")
