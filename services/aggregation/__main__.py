"""`python -m services.aggregation`."""

from services.aggregation.app import make_app
from shared.http.serve import serve

if __name__ == "__main__":
    serve("aggregation", lambda settings: settings.aggregation_port, make_app)
