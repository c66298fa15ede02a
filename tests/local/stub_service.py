"""A stand-in for a service: `KIP_STUB_BEHAVIOUR` is ready, dies (before it listens) or waits (never ready)."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

BEHAVIOUR = os.environ["KIP_STUB_BEHAVIOUR"]


class Probe(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if BEHAVIOUR == "ready" else 503)
        self.end_headers()
        self.wfile.write(b"the registry is not loaded")


if __name__ == "__main__":
    if BEHAVIOUR == "dies":
        sys.exit("KIP_PARTITIONS is 'many', not a number")
    HTTPServer(("127.0.0.1", int(os.environ["KIP_STUB_PORT"])), Probe).serve_forever()
