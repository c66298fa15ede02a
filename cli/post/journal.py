"""Remembers which parts of an upload were confirmed, so that a run that was ended half-way is taken up there.

One small file an upload, in the user's own folder, named by a hash of what is posted, where to and by whom; it is gone
when the upload is done. A part is written down after the service has confirmed it: a run killed in between posts that
part once more, which replaces the same records with the same figures.
"""

import hashlib
from pathlib import Path

import typer


def uploads_folder() -> Path:
    """Find the folder in which the user's unfinished uploads are remembered."""
    return Path(typer.get_app_dir("kip")) / "uploads"


class Journal:
    """The confirmed parts of one upload: how many events each of them held, by a hash of its body."""

    def __init__(self, folder: Path, *names: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True)  # fails before anything is posted, if it has to
        self._path = folder / hashlib.sha256(b"\0".join(names)).hexdigest()
        self._confirmed: dict[str, int] = {}
        # A line that was cut off by a crash is no line: its part is posted again.
        for line in self._path.read_text().splitlines(keepends=True) if self._path.exists() else ():
            digest, _, events = line.partition(" ")
            if events.endswith("\n"):
                self._confirmed[digest] = int(events)

    def __bool__(self) -> bool:
        return bool(self._confirmed)

    def events_of(self, body: bytes) -> int | None:
        """Tell how many events of this part were confirmed in a run before; None if it was not."""
        return self._confirmed.get(_digest(body))

    def confirm(self, body: bytes, events: int) -> None:
        """Write down that the service holds this part."""
        with self._path.open("a") as file:
            file.write(f"{_digest(body)} {events}\n")

    def end(self) -> None:
        """Forget the upload: it is done, or is to be begun anew."""
        self._path.unlink(missing_ok=True)
        self._confirmed.clear()


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
