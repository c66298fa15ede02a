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
    keys[hash_key("elsewhere")] = Key("elsewhere", "VN", None, True, None, programmes=frozenset({"unloaded"}))
    keys[hash_key("poster")] = Key("poster", "VN", None, False, None)
    field = Field(pool, replace(limited(registry, "186@1", "20@2"), keys=keys))
    await field.officer("An", "06412@1", "ubnd-xa", "email:an.nguyen@example.vn")
    await field.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen")
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
    assert row == {
        "id": "ecd-1437~progress-quarterly~06412@1~ubnd-xa~2023-Q1~0",
        "unit": "06412@1", "agency": "ubnd-xa", "report": "progress-quarterly", "period": "2023-Q1",
        "due_at": "2023-03-16T10:00:00+00:00", "shifted_because": None, "state": "overdue", "met_at": None, "cycle": 1,
        "programme": "ecd-1437", "reason": None, "step": "parent-digest", "step_at": "2023-03-17T01:00:00+00:00",
    }  # fmt: skip
    assert body["next"] is None


async def test_pages_follow_each_other(client):
    seen: list[str] = []
    page: dict[str, str] = {}
    while page.get("after", "") is not None:
        _, body = await ask(client, "/v1/obligations", limit="10", state="overdue", **page)
        seen += [row["id"] for row in body["rows"]]
        page = {"after": body["next"]}
    assert len(seen) == len(set(seen)) == 23


async def test_a_page_of_another_list_or_of_before_a_restore_is_none(client, pool):
    _, first = await ask(client, "/v1/obligations", limit="1")
    for after in ("0", "1", first["next"][:-1], first["next"] + "A", "ÿ", "A" * 5000):
        status, refused = await ask(client, "/v1/obligations", after=after)
        assert (status, refused["field"]) == (400, "after")
    assert (await ask(client, "/v1/alerts", after=first["next"]))[0] == 400
    assert (await ask(client, "/v1/obligations", after=first["next"], limit="1"))[0] == 200
    await pool.execute("SELECT notifications.raise_epoch()")
    assert (await ask(client, "/v1/obligations", after=first["next"]))[0] == 400


async def test_a_name_from_before_a_restore_is_refused_with_its_cure_and_the_new_one_leads_there(client, pool):
    _, before = await ask(client, "/v1/obligations", unit="06412", period="2023-Q1")
    name = before["rows"][0]["id"]
    assert (await ask(client, f"/v1/obligations/{name}"))[1]["id"] == name
    raised = await pool.fetchval("SELECT notifications.raise_epoch()")
    assert raised > await pool.fetchval("SELECT 1000 * (extract(epoch FROM now()) - 60)")
    assert await pool.fetchval("SELECT notifications.raise_epoch()") > raised
    status, refused = await ask(client, f"/v1/obligations/{name}")
    assert (status, refused["error"]) == (410, "name_outdated")
    _, after = await ask(client, "/v1/obligations", unit="06412", period="2023-Q1")
    assert after["rows"][0]["id"] != name
    assert (await ask(client, f"/v1/obligations/{after['rows'][0]['id']}"))[0] == 200


async def test_labels_name_for_people_what_a_row_is_about(client):
    query = {"unit": "06412", "period": "2023-Q1"}
    _, bare = await ask(client, "/v1/obligations", **query)
    for language, said in (
        ("vi", ("UBND xã", "quý I năm 2023")), ("en", ("People's Committee of the commune", "quarter 1 of 2023")),
    ):  # fmt: skip
        _, body = await ask(client, "/v1/obligations", labels=language, **query)
        row = body["rows"][0]
        assert (row["agency_name"], row["period_name"], row["unit_name"]) == (*said, "Xã Yên Vượng")
        assert {name: row[name] for name in bare["rows"][0]} == bare["rows"][0]
        _, one = await ask(client, f"/v1/obligations/{row['id']}", labels=language)
        assert {**one, "step": row["step"], "step_at": row["step_at"]} == {**row, "history": one["history"]}
    assert (await ask(client, "/v1/obligations", labels="fr"))[0] == 400


async def test_alerts_name_the_officer_and_mask_the_address(client, pool):
    await pool.execute("UPDATE notifications.message SET channel = 'email'")
    _, body = await ask(client, "/v1/alerts", unit="06412", step="overdue")
    assert [(row["officer_name"], row["address"], row["state"]) for row in body["rows"]] == [
        ("An", "a•••@example.vn", "queued")
    ]
    _, everything = await ask(client, "/v1/alerts", since="2023-03-17T08:00:00+07:00", limit="1000")
    assert "an.nguyen" not in str(everything)


async def test_alerts_that_found_nobody_are_counted_by_level_within_the_key_s_reach(client, pool):
    communes = {"programme": "ecd-1437", "level": "commune", "alerts": 22, "units": 22}  # but for An's
    district = {"programme": "ecd-1437", "level": "district", "alerts": 1, "units": 1}  # the reminder of its own report
    assert await ask(client, "/v1/alerts/unaddressed") == (200, {"rows": [communes, district], "next": None})
    assert (await ask(client, "/v1/alerts/unaddressed", key="huyen"))[1]["rows"] == [communes, district]
    assert (await ask(client, "/v1/alerts/unaddressed", key="xa"))[1]["rows"] == []
    assert (await ask(client, "/v1/alerts/unaddressed", key="poster"))[0] == 403
    unfinished = "UPDATE notifications.obligation SET state = 'late_met', met_at = due_at WHERE unit = '06415@1'"
    await pool.execute(unfinished)
    await pool.execute("UPDATE registry.officer SET agency = 'ubnd-huyen' WHERE name = 'Bình'")
    assert (await ask(client, "/v1/alerts/unaddressed"))[1]["rows"] == [{**communes, "alerts": 21, "units": 21}]


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


@pytest.mark.parametrize("path", ["/v1/obligations", "/v1/alerts", "/v1/problems"])
@pytest.mark.parametrize("query", [{}, {"unit": "06412"}, {"programme": "unloaded"}, {"programme": "ecd-1437"}])
async def test_a_key_none_of_whose_programmes_is_loaded_is_told_so(client, path, query):
    status, body = await ask(client, path, key="elsewhere", **query)
    assert (status, body["message"]) == (403, "none of this key's programmes is loaded")


@pytest.mark.parametrize(
    ("path", "key", "query"),
    [
        ("/v1/obligations", "nobody", {}), ("/v1/obligations", "poster", {}), ("/v1/obligations/x", "all", {}),
        ("/v1/obligations/ecd-1437~x~06412@1~x~2023~0", "all", {}),
        ("/v1/obligations/ecd-1437~x~06412@1~x~2023~7", "all", {}), ("/v1/obligations", "xa", {"unit": "186@1"}),
        ("/v1/alerts", "all", {"since": "x"}), ("/v1/alerts", "all", {"officer": "x"}),
        ("/v1/problems", "all", {"state": "x"}), ("/v1/problems", "reports", {}),
        ("/v1/alerts/unaddressed", "all", {"programme": "x"}), ("/v1/alerts/unaddressed", "all", {"unit": "06412"}),
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
        ("84912345678", "ZBS -118: +84912345678 has no account", "ZBS -118: •••678 has no account"),
        ("84912345678", "eSMS 99: 0912345678 is blocked", "eSMS 99: •••678 is blocked"),
        ("84912345678", "call +84 912 345 678 or 0912.345.678", "call •••678 or •••678"),
        ("https://b.vn/hook/secret", "no https://b.vn/hook/secret here", "no https://••• here"),
    ],
)
def test_what_a_provider_says_is_kept_without_the_address(address, said, kept):
    assert without(address, said) == kept


@pytest.mark.parametrize(
    ("name", "said", "kept"),
    [
        ("Trần Văn An", "550 TRẦN văn  An <an@b.vn> unknown", "550 ••• <a•••@b.vn> unknown"),
        ("An", "550 An toàn", "550 An toàn"),
    ],
)
def test_what_a_provider_says_is_kept_without_a_name_of_several_words(name, said, kept):
    assert without("an@b.vn", said, name) == kept
