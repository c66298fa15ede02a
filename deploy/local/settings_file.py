"""Where the settings of a run are: `.run/environment` of the project, whatever started the run and wherever it keeps
its data.

Every run writes its own into its folder and holds a lock on that file while it lives; the one place is a link to it. Of
several runs at once the first has the place, so that a demo beside it doesn't turn the commands of another terminal
away from it; when it ends, the next one takes the place.
"""

import fcntl
import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from deploy.local.passwords import write_private
from deploy.local.ports import LOOPBACK
from deploy.local.processes import PROJECT
from shared.runtime.config import PREFIX, Settings, load_settings

PLACE = PROJECT / ".run" / "environment"
OWN_NAME = "settings"


class SettingsFile:
    """The settings of the run on `run_dir`, as lines that a shell can read (`set -a; . FILE; set +a`)."""

    def __init__(self, run_dir: Path, settings: Mapping[str, str], place: Path = PLACE) -> None:
        self.own = run_dir / OWN_NAME
        self.place = place
        write_private(self.own, "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items()))
        self._fd = os.open(self.own, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._fd, fcntl.LOCK_EX)  # waits at most for another run's look at it

    @property
    def path(self) -> Path:
        """The one place where it is this run's, else this run's own file."""
        return self.place if self._has_place() else self.own

    def take_place(self) -> bool:
        """Point the one place to this run, unless it points to one that is up. True where it was taken just now."""
        if self._has_place() or _is_held(self.place):
            return False
        link = self.place.with_name(f".{self.place.name}.{os.getpid()}")
        try:
            self.place.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(self.own)
            link.replace(self.place)
        except OSError:  # a project that may only be read: the run's own file is there all the same
            return False
        return True

    def release(self) -> None:
        """Leave the place to others. The run's own file stays, for a look at what it ran with."""
        if self._has_place():
            self.place.unlink()
        os.close(self._fd)

    def _has_place(self) -> bool:
        return self.place.is_symlink() and self.place.readlink() == self.own


def given_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Read the settings that this process was given by variables. The path of a file is made absolute: services run in
    a folder of their own.
    """
    names = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    values = {name: environment[name] for name in names if environment.get(name)}
    files = {f"{name}_FILE": environment[f"{name}_FILE"] for name in names if environment.get(f"{name}_FILE")}
    return values | {name: str(Path(path).absolute()) for name, path in files.items()}


def check_settings(environment: Mapping[str, str]) -> None:
    """Raise SettingsError for a setting that this process was given and that is bad, before anything is started.

    Broker and database need not be given: a run has its own.
    """
    own = {"amqp_url": f"amqp://{LOOPBACK}", "database_url": f"postgresql://{LOOPBACK}"}
    given = given_settings(environment)
    load_settings({name: url for name, url in own.items() if not _names(f"{PREFIX}{name.upper()}", given)})


def _names(variable: str, given: Mapping[str, str]) -> bool:
    return variable in given or f"{variable}_FILE" in given


def _is_held(path: Path) -> bool:
    """Tell whether the run that wrote the file lives: the kernel takes the lock back when it ends in any way."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
