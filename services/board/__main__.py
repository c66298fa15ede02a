"""`python -m services.board`."""

from services.board.app import NO_BROKER, make_app
from shared.http.serve import serve

if __name__ == "__main__":
    serve("board", lambda settings: settings.board_port, make_app, NO_BROKER)
