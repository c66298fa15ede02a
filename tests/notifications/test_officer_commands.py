"""`kip officer list|show|import|remove`, as an operator calls them, on a real database."""

import json
from datetime import UTC, timedelta

import asyncpg
import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.officers.people import placed_on
from cli.officers.reading import COLUMNS, Known, read_officers
from deploy.local.own_loop import in_own_loop
from deploy.local.passwords import service_urls
from shared.registry.officers import Officer
from shared.runtime.clock import SystemClock
from tests.notifications.field import at

HEADER = ",".join(COLUMNS)
MERGED_ON = "2025-07-02 09:00"


@pytest.fixture
def kip(district_database, monkeypatch):
    """The command in this process, on a clock of after the merger: what it prints, with its exit code and notes."""
    monkeypatch.setenv("KIP_DATABASE_URL", service_urls(district_database)["operator"])
    monkeypatch.setenv("KIP_AMQP_URL", "amqp://unused")
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setenv("TERM", "xterm")  # rich takes a dumb terminal for one of 80 columns
    run_at(district_database, MERGED_ON)

    def run(*words, said=None):
        return CliRunner().invoke(app, [*map(str, words)], input=said, catch_exceptions=True)

    return run


@pytest.fixture
def sql(district_database):
    """Asks the database."""

    def ask(statement, *values):
        async def work():
            connection = await asyncpg.connect(district_database)
            try:
                return [tuple(row) for row in await connection.fetch(statement, *values)]
            finally:
                await connection.close()

        return in_own_loop(work)

    return ask


def run_at(url, instant):
    async def work():
        connection = await asyncpg.connect(url)
        await connection.execute("DELETE FROM registry.clock")
        await connection.execute("INSERT INTO registry.clock (ahead) VALUES ($1)", SystemClock().offset_to(at(instant)))
        await connection.close()

    in_own_loop(work)


def written(tmp_path, *rows, header=HEADER):
    path = tmp_path / "officers.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


AN = "Trần Văn Ấn,Chủ tịch,06412@1,ubnd-xa,email:an@b.vn zalo:0912345678,vi"
CUC = "Cúc,Cán bộ,06412@1,ubnd-xa,email:cuc@b.vn,vi"
HUYEN = "Bình,Phó,186@1,ubnd-huyen,sms:0912345679,vi"


@pytest.fixture
def three(kip, tmp_path):
    """Three officers of before the merger."""
    done = kip("officer", "import", written(tmp_path, AN, CUC, HUYEN))
    assert done.exit_code == 0, done.output
    return done


def listed(kip, *words):
    done = kip("officer", "list", "--json", *words)
    assert done.exit_code == 0, done.output
    return [row["name"] for row in json.loads(done.stdout)]


def test_an_import_says_what_it_changed_and_a_dry_run_changes_nothing(kip, three, tmp_path, sql):
    assert "imported 3 officers of 2 units: 3 added, 0 updated, 0 unchanged" in three.stdout
    assert "+ Trần Văn Ấn, 06412@1 ubnd-xa" in three.stdout
    changed = written(tmp_path, AN.replace("Trần Văn Ấn", "TRẦN  VĂN ẤN").replace("an@b.vn", "an@c.vn"), CUC, HUYEN)
    before = sql("SELECT * FROM registry.officer ORDER BY id")
    done = kip("officer", "import", changed, "--dry-run")
    assert "nothing was written; it would be 3 officers" in done.stdout
    assert "~ Trần Văn Ấn, 06412@1 ubnd-xa: channels" in done.stdout
    assert "0 added, 1 updated, 2 unchanged" in done.stdout
    assert sql("SELECT * FROM registry.officer ORDER BY id") == before
    kip("officer", "import", changed)
    assert sql("SELECT channels[1] FROM registry.officer WHERE name = 'Trần Văn Ấn'") == [("email:an@c.vn",)]
    bad = kip("officer", "import", written(tmp_path, AN, "x,y,nowhere,ubnd-xa,email:a@b.vn,vi"), "--dry-run")
    assert (bad.exit_code, "nothing was imported: 1 problems" in bad.stderr) == (1, True)


def heir_of(sql, uid):
    ((successor,),) = sql("SELECT successor FROM registry.unit WHERE uid = $1", uid)
    return successor


def test_a_list_shows_where_everybody_sits_now_and_each_person_once(kip, three, tmp_path, sql):
    heir = heir_of(sql, "06412@1")
    kip("officer", "import", written(tmp_path, AN.replace("06412@1", heir).replace("zalo:0912345678", "")))
    assert listed(kip) == ["Cúc", "Trần Văn Ấn", "Bình"], "by unit, agency and name"
    rows = json.loads(kip("officer", "list", "--json").stdout)
    (an,) = [row for row in rows if row["name"] == "Trần Văn Ấn"]
    assert [(one["unit"], one["sits_at"]) for one in an["seats"]] == [("06412@1", heir), (heir, heir)]
    assert "an@b.vn" not in json.dumps(rows), "addresses are in `show`"
    huyen = next(row for row in rows if row["name"] == "Bình")
    assert huyen["seats"][0]["sits_at"] is None, "nobody sits at what had no successor"
    table = kip("officer", "list").stdout
    assert table.count("Trần Văn Ấn") == 1
    assert f"→ {heir} " in table


def test_filters_say_who_is_meant_and_refuse_what_nobody_has(kip, three, tmp_path, sql):
    heir = heir_of(sql, "06412@1")
    wishes = ("away_until", "deputy", "programmes")
    row = "Dung,Cán bộ,06412@1,ubnd-xa,webhook:https://b.vn/x,vi,31/12/2025,Cúc,ecd-1437"
    assert kip("officer", "import", written(tmp_path, row, header=f"{HEADER},{','.join(wishes)}")).exit_code == 0
    commune = {"Trần Văn Ấn", "Cúc", "Dung"}
    for words, names in (
        (("--unit", "06412@1"), commune), (("--unit", heir), commune), (("--unit", "186"), {"Bình"}),
        (("--within", "20@2"), commune), (("--within", "VN"), commune), (("--agency", "ubnd-huyen"), {"Bình"}),
        (("--programme", "ecd-1437"), {*commune, "Bình"}), (("--without-channel", "email"), {"Bình", "Dung"}),
        (("--without-channel", "zalo"), {"Cúc", "Bình", "Dung"}), (("--away",), {"Dung"}),
        (("--name", "văn ẤN"), {"Trần Văn Ấn"}),
        (("--agency", "ubnd-xa", "--without-channel", "zalo"), {"Cúc", "Dung"}),
    ):  # fmt: skip
        assert set(listed(kip, *words)) == names, words
    for words in (("--unit", "99999"), ("--within", "x"), ("--agency", "x"), ("--programme", "x"),
                  ("--without-channel", "pigeon")):  # fmt: skip
        refused = kip("officer", "list", *words)
        assert isinstance(refused.exception, ValueError)
        assert str(refused.exception).startswith(f"{words[0]}: there is no ")


def test_show_has_all_of_an_officer_by_any_spelling_and_by_the_unit_of_then_or_now(kip, three, sql):
    heir = heir_of(sql, "06412@1")
    for name, unit in (("Trần Văn Ấn", "06412@1"), (" TRẦN văn  ấn", "06412"), ("trần văn ấn", heir)):
        (shown,) = json.loads(kip("officer", "show", name, "--unit", unit, "--json").stdout)
        assert (shown["channels"], shown["sits_at"]) == (["email:an@b.vn", "zalo:84912345678"], heir)
        assert {"messages", "acknowledged", "decided", "quiet", "deputy", "programmes"} <= shown.keys()
    text = kip("officer", "show", "trần văn ấn", "--unit", "06412").stdout
    assert "email:an@b.vn zalo:84912345678" in text
    assert "no officer Mai at 06412" in str(kip("officer", "show", "Mai", "--unit", "06412").exception)


def test_show_says_when_in_the_programmes_time_zone_why_not_and_which_address_is_dead(kip, three, sql):
    sql("""INSERT INTO notifications.message (id, programme, officer, unit, state, channel, made_at, sent_at, error)
           SELECT gen_random_uuid(), 'ecd-1437', id, unit, state, 'email', '2025-07-01T18:30:00Z', sent_at, error
           FROM registry.officer, (VALUES ('sent', '2025-07-01T18:45:00Z'::timestamptz, NULL),
                                          ('failed', NULL, 'the mailbox is full')) AS end_of (state, sent_at, error)
           WHERE name = 'Trần Văn Ấn'""")
    sql("""INSERT INTO notifications.dead_address (address, since, status, reason)
           VALUES ('email:an@b.vn', '2025-07-01T23:00:00Z', '5.1.1', 'no such user')""")
    lines = kip("officer", "show", "trần văn ấn", "--unit", "06412").stdout.splitlines()
    assert "dead         email:an@b.vn, since 2025-07-02 06:00+07:00: 5.1.1 no such user (kip bounce forget)" in lines
    told = [[cell.strip() for cell in line.strip("│").split("│")][:5] for line in lines if "ecd-1437" in line]
    assert sorted(told) == [
        ["2025-07-02 01:30+07:00", "ecd-1437", "failed", "email", "the mailbox is full"],
        ["2025-07-02 01:45+07:00", "ecd-1437", "sent", "email", ""],
    ]


def test_remove_asks_may_be_repeated_and_wants_to_know_whom(kip, three, tmp_path, sql):
    there = "SELECT count(*) FROM registry.officer WHERE name = 'Cúc'"
    for answer in ("n\n", ""):
        kept = kip("officer", "remove", "CÚC", "--unit", "06412@1", said=answer)
        assert kept.exit_code == 1
        assert sql(there) == [(1,)]
    assert "removed Cúc" in kip("officer", "remove", "CÚC", "--unit", "06412@1", said="y\n").stdout
    assert sql(there) == [(0,)]
    again = kip("officer", "remove", "CÚC", "--unit", "06412@1", "--yes")
    assert (again.exit_code, "nothing to remove" in again.stdout) == (0, True)
    kip("officer", "import", written(tmp_path, AN.replace("ubnd-xa", "cc-vhxh")))
    several = kip("officer", "remove", "Trần Văn Ấn", "--unit", "06412", "--yes")
    assert "--unit 06412@1 --agency ubnd-xa" in str(several.exception)
    assert kip("officer", "remove", "Trần Văn Ấn", "--unit", "06412", "--agency", "cc-vhxh", "--yes").exit_code == 0
    assert sql("SELECT agency FROM registry.officer WHERE name = 'Trần Văn Ấn'") == [("ubnd-xa",)]


def generations(sql):
    return dict(sql("SELECT name, generation FROM registry.officer"))


def audited(sql):
    return sql("SELECT operation, unit, agency FROM registry.officer_audit ORDER BY number")


def test_an_import_that_takes_an_address_away_ends_what_the_officer_was_given(kip, three, tmp_path, sql):
    assert set(generations(sql).values()) == {0}
    for same in (
        AN, AN.replace("email:an@b.vn", "email:AN@B.vn"), AN.replace("Chủ tịch", "Phó Chủ tịch"),
        AN.replace("email:an@b.vn zalo:0912345678", "zalo:0912345678 email:an@b.vn"),
        AN.replace("email:an@b.vn", "email:an@b.vn email:more@b.vn"),
    ):  # fmt: skip
        done = kip("officer", "import", written(tmp_path, same, CUC, HUYEN))
        assert (done.exit_code, "ends links" in done.stdout) == (0, False), done.output
        assert (set(generations(sql).values()), audited(sql)) == ({0}, [])
        kip("officer", "import", written(tmp_path, same))
    replaced = written(tmp_path, AN.replace("an@b.vn", "an@c.vn"), CUC, HUYEN)
    assert "channels (ends links, sessions and devices)" in kip("officer", "import", replaced).stdout
    assert generations(sql) == {"Trần Văn Ấn": 1, "Cúc": 0, "Bình": 0}
    assert audited(sql) == [("readdressed", "06412@1", "ubnd-xa")]
    kip("officer", "import", replaced)
    assert generations(sql)["Trần Văn Ấn"] == 1


def test_revoke_ends_what_one_officer_was_given_and_leaves_a_line_in_the_audit(kip, three, tmp_path, sql):
    done = kip("officer", "revoke", "trần văn ẤN", "--unit", "06412")
    assert (done.exit_code, "every link, session and device of Trần Văn Ấn" in done.stdout) == (0, True), done.output
    kip("officer", "revoke", "Trần Văn Ấn", "--unit", "06412@1")
    assert generations(sql) == {"Trần Văn Ấn": 2, "Cúc": 0, "Bình": 0}
    assert audited(sql) == 2 * [("revoked", "06412@1", "ubnd-xa")]
    (shown,) = json.loads(kip("officer", "show", "Trần Văn Ấn", "--unit", "06412", "--json").stdout)
    assert shown["ref"] == f"{shown['id']}.2"
    nobody = kip("officer", "revoke", "Dung", "--unit", "06412")
    assert "no officer Dung at 06412" in str(nobody.exception)
    kip("officer", "import", written(tmp_path, AN.replace("ubnd-xa", "cc-vhxh")))
    assert "--agency cc-vhxh" in str(kip("officer", "revoke", "Trần Văn Ấn", "--unit", "06412").exception)
    assert kip("officer", "revoke", "Trần Văn Ấn", "--unit", "06412", "--agency", "cc-vhxh").exit_code == 0
    assert sql("SELECT agency, generation FROM registry.officer WHERE name = 'Trần Văn Ấn' ORDER BY agency") == [
        ("cc-vhxh", 1), ("ubnd-xa", 2),
    ]  # fmt: skip


def test_an_import_names_who_is_told_beside_it_with_the_command_that_ends_that(kip, three, tmp_path, sql):
    heir = heir_of(sql, "06412@1")
    done = kip("officer", "import", written(tmp_path, AN.replace("06412@1", heir)))
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    assert [note.split(" is registered at 06412@1")[0] for note in notes] == ["note: Cúc", "note: Trần Văn Ấn"]
    assert notes[0].endswith("kip officer remove 'Cúc' --unit 06412@1 --agency ubnd-xa")
    assert notes[1].endswith("kip officer remove 'Trần Văn Ấn' --unit 06412@1 --agency ubnd-xa")
    assert "note: " not in kip("officer", "import", written(tmp_path, AN)).stderr


def test_a_code_means_the_unit_of_the_day_in_the_programmes_own_time_zones(registry, tmp_path):
    programme = registry.programmes["ecd-1437"]
    early = programme.model_copy(update={"slug": "early", "timezone": "Pacific/Kiritimati"})
    late = programme.model_copy(update={"slug": "late", "timezone": "Pacific/Pago_Pago"})
    # Noon in Viet Nam on the merger's day: 19:00 at one end of the world, 18:00 of the day before at the other.
    now = at("2025-07-01 12:00").astimezone(UTC)
    known = Known(registry.units, (late, early, programme), now)
    row = "An,Chủ tịch,06427,ubnd-xa,email:a@b.vn,vi"
    header = f"{HEADER},programmes"
    for programmes, unit in (("early", "06427@2"), ("late", "06427@1"), ("ecd-1437", "06427@2")):
        officers, problems, _ = read_officers(written(tmp_path, f"{row},{programmes}", header=header), known)
        assert ([officer.unit for officer in officers], problems) == ([unit], [])
    for programmes in ("early late", ""):
        _, (problem,), _ = read_officers(written(tmp_path, f"{row},{programmes}", header=header), known)
        assert "unit: expected a uid, or the code of a unit in force on 2025-06-30 and 2025-07-01" in problem


def test_a_seat_is_passed_on_from_the_day_after_its_unit_s_last(registry):
    units = registry.units
    officer = Officer("An", "role", "06412@1", "ubnd-xa", ())
    last = units["06412@1"].valid_to
    assert placed_on(officer, units, last).today == units["06412@1"]
    assert placed_on(officer, units, last + timedelta(days=1)).today == units[units["06412@1"].successor]
    heir = units[units["06412@1"].successor]
    assert placed_on(Officer("An", "role", heir.uid, "ubnd-xa", ()), units, last).today == heir, "registered in time"
