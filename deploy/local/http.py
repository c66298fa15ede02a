"""HTTP to what runs on this machine."""

import httpx

# One client for all: each new one reads the world's certificates, 16 ms that every probe for readiness would pay. No
# connection is kept, because what answers may be killed and started again between two requests.
LOCAL = httpx.Client(trust_env=False, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
