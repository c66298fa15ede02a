"""Plays the made-up year through services that run already, and prints the figures that they give.

`python -m demo.feed [--intake URL] [--aggregation URL] --folder FOLDER`, with the KIP_ settings of these
services and a simulated clock (KIP_CLOCK): see docker-compose.sample.yml. Never for a database that real senders use.
"""

import argparse
import sys
from pathlib import Path

from cli.addresses import service_url
from demo.data import make_data
from demo.kip import Kip
from demo.play import Play
from demo.show import show_figures
from deploy.local.banner import make_console
from deploy.local.processes import StartError
from sample.scope import READER
from shared.runtime.config import load_settings


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="plays the made-up year through services that run already")
    parser.add_argument("--intake", help="its address; the one at KIP_INTAKE_PORT here if absent")
    parser.add_argument("--aggregation", help="its address; the one at KIP_AGGREGATION_PORT here if absent")
    parser.add_argument("--folder", type=Path, required=True, help="for the keys and what is posted")
    arguments = parser.parse_args()
    out, data = make_console(), make_data()

    def say(text: str) -> None:
        out.print(text, highlight=False, markup=False)

    database = load_settings().database_url.get_secret_value()
    intake = arguments.intake or service_url("intake")
    play = Play(data, Kip({}), database, intake, arguments.folder, say)
    try:
        keys = play.keys()
        if play.now() is None:
            raise StartError(
                "the clock is real: the made-up year needs KIP_CLOCK on every service, and an own database"
            )
        if not play.fed():
            play.feed(keys)
    except StartError as error:
        say(str(error))
        return 1
    show_figures(out, arguments.aggregation or service_url("aggregation"), keys[READER], data.programme)
    return 0


if __name__ == "__main__":
    sys.exit(main())
