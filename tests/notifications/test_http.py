from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from services.notifications.messages.masking import masked, without
from services.notifications.read_api import Reader, routes
from shared.access.keys import hash_key
from shared.registry.snapshot import Key
from tests.notifications.field import BEFORE, Field, at, limited
from tests.shared.test_words import check_both

KEYS = {"all": "VN", "huyen": "186@1", "xa": "06412@1"}


@pytest.fixture
async def client(pool, registry):
    """The read API after the morning on which Hữu Lũng's communes were late."""
    keys = {hash_key(name): Key(name, subtree, None, True, None) for name, subtree in KEYS.items()}
    keys[hash_key("reports")] = Key("reports", "VN", frozenset({"report.submitted"}), True, None)
    keys[hash_key("poster")] = Key("poster", "VN", None, False, None)
    field = Field(pool, replace(limited(registry, "186@1", "20@2"), keys=keys))
    await field.officer("An", "06412@1", "ubnd-xa", "email:an.nguyen@example.vn")
    await field.officer("Bình", "186@1", "ubnd-huyen")
    await field.sweep(BEFORE)
    await field.sweep("2023-03-17 08:00")
    reader = Reader(registry=lambda: field.registry, pool=lambda: pool, now=lambda: at("2023-03-17 09:00"))
    app = Starlette(routes=routes(reader))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as opened:
        yield opened


async def ask(client, path, key="all", **query):
    answer = await client.get(path, params=query, headers={"Authorization": f"Bearer {key}"})
    return answer.status_code, answer.json()


async def test_an_obligation_is_shown_with_its_deadline_and_state(client):
    status, body = await ask(
        client, "/v1/obligations", unit="06412", period="2023-Q1", report="progress-quarterly", programme="ecd-1437"
    )
    assert status == 200
    row = body["rows"][0]
    assert {**row, "id": 0} == {
        "id": 0, "unit": "06412@1", "agency": "ubnd-xa", "report": "progress-quarterly", "period": "2023-Q1",
        "due_at": "2023-03-16T10:00:00+00:00", "shifted_because": None, "state": "overdue", "met_at": None, "cycle": 1,
    }  # fmt: skip
    assert body["next"] is None


async def test_pages_follow_each_other(client):
    seen: list[int] = []
    after = 0
    while after is not None:
        _, body = await ask(client, "/v1/obligations", limit="10", after=str(after), state="overdue")
        seen += [row["id"] for row in body["rows"]]
        after = body["next"]
    assert len(seen) == len(set(seen)) == 23


async def test_alerts_name_the_officer_and_mask_the_address(client, pool):
    await pool.execute("UPDATE notifications.message SET channel = 'email'")
    _, body = await ask(client, "/v1/alerts", unit="06412", step="overdue")
    assert [(row["officer_name"], row["address"], row["state"]) for row in body["rows"]] == [
        ("An", "a•••@example.vn", "queued")
    ]
    _, everything = await ask(client, "/v1/alerts", since="2023-03-17T08:00:00+07:00", limit="1000")
    assert "an.nguyen" not in str(everything)


async def test_a_key_sees_its_subtree_only(client):
    _, district = await ask(client, "/v1/obligations", key="huyen", limit="1000")
    assert {row["unit"] for row in district["rows"]} > {"06412@1", "186@1"}
    assert "20@1" not in {row["unit"] for row in district["rows"]}
    _, commune = await ask(client, "/v1/alerts", key="xa")
    assert {row["unit"] for row in commune["rows"]} == {"06412@1"}
    assert (await ask(client, "/v1/obligations", key="xa", unit="186@1"))[0] == 403


@pytest.mark.parametrize(
    ("key", "query", "status"),
    [
        ("nobody", {}, 401),
        ("poster", {}, 403),
        ("all", {"state": "late"}, 400),
        ("all", {"limit": "0"}, 400),
        ("all", {"colour": "red"}, 400),
        ("all", {"unit": "99999"}, 400),
        ("all", {"period": "2023-Q5"}, 400),
    ],
)
async def test_a_bad_question_is_refused_with_its_reason(client, key, query, status):
    found, body = await ask(client, "/v1/obligations", key=key, **query)
    assert found == status
    assert body["message"]


@pytest.mark.parametrize(
    ("path", "key", "query"),
    [
        ("/v1/obligations", "nobody", {}), ("/v1/obligations", "poster", {}), ("/v1/obligations/x", "all", {}),
        ("/v1/obligations/999999", "all", {}), ("/v1/obligations", "xa", {"unit": "186@1"}),
        ("/v1/alerts", "all", {"since": "x"}), ("/v1/alerts", "all", {"officer": "x"}),
        ("/v1/problems", "all", {"state": "x"}), ("/v1/problems", "reports", {}),
        *(
            ("/v1/obligations", "all", query)
            for query in (
                {"state": "late"}, {"limit": "0"}, {"colour": "red"}, {"unit": "99999"}, {"period": "2023-Q5"},
                {"programme": "x"}, {"after": "x" * 300}, {"unit": "\x00"}, {"unit": "x" * 2000},
            )
        ),
    ],
)  # fmt: skip
async def test_a_question_is_refused_in_the_language_that_is_asked_for(client, path, key, query):
    said = {}
    for language in ("vi;q=0.9, en;q=0.1", "en"):
        headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
        answer = await client.get(path, params=query, headers=headers)
        assert answer.status_code >= 400
        said[language[:2]] = answer.json()
    check_both(said["vi"].pop("message"), said["en"].pop("message"))
    assert said["vi"] == said["en"], "codes and fields stay as they are"


HEADER = {
    "vi": "cần đúng một tiêu đề Authorization: Bearer KHÓA",
    "en": "expected one header Authorization: Bearer <key>",
}
NO_VALID = {"vi": f"thiếu khóa hợp lệ; {HEADER['vi']}", "en": f"no valid key; {HEADER['en']}"}


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([], HEADER),
        ([("Authorization", "Bearer all"), ("Authorization", "Bearer all")], HEADER),
        ([("Authorization", "Bearer nobody's")], NO_VALID),
        ([("Authorization", "Basic ****")], NO_VALID),
        ([("Authorization", "Token all")], NO_VALID),
    ],
    ids=["none", "two", "unknown", "garbled", "another scheme"],
)
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_who_sent_a_key_hears_that_it_is_not_valid(client, headers, said, language):
    answer = await client.get("/v1/obligations", headers=[*headers, ("Accept-Language", language)])
    assert (answer.status_code, answer.json()["message"]) == (401, said[language])


def test_masks_leave_nothing_to_use():
    assert masked("an@b.vn") == "a•••@b.vn"
    assert masked("84912345678") == "•••678"
    assert masked("123") == "•••"
    assert masked("https://me:secret@b.vn/hook/secret") == "https://•••"


@pytest.mark.parametrize(
    ("address", "said", "kept"),
    [
        (
            "an@b.vn",
            "550 5.1.1 <AN@b.vn>: Recipient address rejected",
            "550 5.1.1 <a•••@b.vn>: Recipient address rejected",
        ),
        ("84912345678", "ZNS -118: +84912345678 has no account", "ZNS -118: •••678 has no account"),
        ("84912345678", "eSMS 99: 0912345678 is blocked", "eSMS 99: •••678 is blocked"),
        ("https://b.vn/hook/secret", "no https://b.vn/hook/secret here", "no https://••• here"),
    ],
)
def test_what_a_provider_says_is_kept_without_the_address(address, said, kept):
    assert without(address, said) == kept
