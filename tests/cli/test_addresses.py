"""Commands that speak HTTP find the run's services by its settings, as the others find broker and database."""

import json

import pytest
from typer.testing import CliRunner

from cli.addresses import service_url
from cli.main import app
from shared.runtime.config import SettingsError
from tests.cli.door import Answer, door

NOTHING = {"rows": [], "next": None}


def invoke(*words, **environment):
    return CliRunner().invoke(app, words, env={"KIP_KEY": "kip_key", "KIP_AMQP_URL": None, **environment})


def port_of(server):
    return server.url.rpartition(":")[2]


def test_rollup_asks_the_aggregation_service_of_the_run():
    with door(lambda _: Answer(200, NOTHING)) as server:
        result = invoke("rollup", "--indicator", "a", "--json", KIP_AGGREGATION_PORT=port_of(server))
    assert result.exit_code == 0, result.output
    assert [asked.path for asked in server.asked] == ["/v1/rollups"]


def test_post_posts_to_the_intake_service_of_the_run(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text('{"id": "e1"}\n')
    with door() as server:
        result = invoke("post", str(path), "--json", KIP_INTAKE_PORT=port_of(server))
    assert json.loads(result.stdout)["accepted"] == 1
    assert server.ids == ["e1"]


def test_an_address_that_is_given_wins():
    with door(lambda _: Answer(200, NOTHING)) as server:
        result = invoke("rollup", "--indicator", "a", "--json", "--url", server.url, KIP_AGGREGATION_PORT="9")
    assert result.exit_code == 0, result.output
    assert len(server.asked) == 1


def test_a_bad_port_is_named_before_anything_is_asked():
    result = invoke("rollup", "--indicator", "a", KIP_AGGREGATION_PORT="eighty")
    assert isinstance(result.exception, SettingsError)
    assert "KIP_AGGREGATION_PORT" in str(result.exception)


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        (None, "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104
        ("10.1.2.3", "http://10.1.2.3:8080"),
        ("::1", "http://[::1]:8080"),
    ],
)
def test_the_host_is_the_one_that_the_services_listen_on(monkeypatch, bind, url):
    for name in ("KIP_INTAKE_PORT", "KIP_AMQP_URL", "KIP_DATABASE_URL", "KIP_BIND"):
        monkeypatch.delenv(name, raising=False)
    if bind is not None:
        monkeypatch.setenv("KIP_BIND", bind)
    assert service_url("intake") == url


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8080", "localhost:8080", "//localhost", "http://", "ftp://localhost", "http://localhost:eighty", ""],
)
@pytest.mark.parametrize("command", ["post", "rollup"])
def test_an_address_that_no_request_can_be_sent_to_is_refused_at_once(tmp_path, command, url):
    path = tmp_path / "events.jsonl"
    path.write_text('{"id": "e1"}\n')
    words = {"post": ["post", str(path)], "rollup": ["rollup", "--indicator", "a"]}[command]
    result = invoke(*words, "--url", url)
    assert result.exit_code == 1
    assert "--url: " in str(result.exception)
    assert "http://" in str(result.exception)
