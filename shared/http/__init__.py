"""HTTP/1.1 as all services speak it: bounded in memory, time and number of connections, and strict about framing.

`head` and `body` take bytes apart (pure), `exchange` is one request and its answer as ASGI, `connection` moves a
connection from one to the next, `connections` bounds all of them together.
"""
