"""`python -m services.intake`."""

from services.intake.app import make_app
from shared.http.serve import serve

if __name__ == "__main__":
    serve("intake", lambda settings: settings.intake_port, make_app)
