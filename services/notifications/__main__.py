"""`python -m services.notifications`."""

from services.notifications.app import make_app
from shared.http.serve import serve

if __name__ == "__main__":
    serve("notifications", lambda settings: settings.notifications_port, make_app)
