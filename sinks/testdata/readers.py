"""Opens an archive with DuckDB and with pyarrow and compares it with what is
wanted: readers.py FOLDER WANTED.json. Prints a line and exits 0, or says what
differs and exits 1."""

import collections
import glob
import json
import os
import sys

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

folder, wanted_file = sys.argv[1], sys.argv[2]
with open(wanted_file) as f:
    wanted = json.load(f)


def same(what, got, want):
    if got == want:
        return
    if isinstance(got, dict) and isinstance(want, dict):
        for key in sorted(set(got) | set(want)):
            if got.get(key) != want.get(key):
                print(f"{what}: {key}\n  got  {got.get(key)}\n  want {want.get(key)}")
                break
    else:
        print(f"{what}\n  got  {got}\n  want {want}")
    sys.exit(1)


def micros(t):
    return int(t.timestamp() * 1_000_000 + 0.5) if t.tzinfo else None


GAME = (
    "game_id white_id white_handle black_id black_handle white_rating black_rating speed rated private queue "
    "initial_cs increment_cs result termination plies moves clocks_cs white_restored_cs black_restored_cs start_fen final_fen region event_id seq"
).split()


def game(row):
    """What Postgres has too, in the form in which Go wrote it."""
    out = {name: row[name] for name in GAME}
    out["ended_at"] = micros(row["ended_at"])
    out["created_at"] = micros(row["created_at"])
    return out


def rows(relation):
    return relation.fetch_arrow_table().to_pylist()


db = duckdb.connect()
db.execute("SET TimeZone = 'UTC'")
want_games = {g["game_id"]: g for g in wanted["games"]}

# Games, by DuckDB.
source = f"read_parquet('{folder}/games/v1/*/*/*/*.parquet')"
types = dict(db.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {source})").fetchall())
same("duckdb: partition columns", {k: types[k] for k in ("region", "date", "hour")}, {"region": "VARCHAR", "date": "DATE", "hour": "BIGINT"})
same("duckdb: type of moves", types["moves"], "VARCHAR[]")
same("duckdb: type of ended_at", types["ended_at"], "TIMESTAMP WITH TIME ZONE")
games = rows(db.execute(f"SELECT * FROM {source}"))
same("duckdb: games", {g["game_id"]: game(g) for g in games}, want_games)
same("duckdb: rows of games", len(games), len(want_games))
for g in games:
    t = g["broker_time"]
    same("duckdb: the folder is of the broker time", (g["date"], g["hour"]), (t.date(), t.hour))
one = wanted["games"][0]["game_id"]
same("duckdb: point look-up", db.execute(f"SELECT count(*) FROM {source} WHERE game_id = '{one}'").fetchone()[0], 1)
day = games[0]["date"].isoformat()
same(
    "duckdb: a folder alone",
    db.execute(f"SELECT count(*) FROM {source} WHERE date = DATE '{day}' AND hour = {games[0]['hour']}").fetchone()[0],
    sum(1 for g in games if (g["date"], g["hour"]) == (games[0]["date"], games[0]["hour"])),
)

# Games, by pyarrow.
dataset = ds.dataset(f"{folder}/games/v1", format="parquet", partitioning="hive")
table = dataset.to_table()
same("pyarrow: rows of games", table.num_rows, len(want_games))
same("pyarrow: type of ended_at", table.schema.field("ended_at").type, pa.timestamp("us", tz="UTC"))
same("pyarrow: games", {g["game_id"]: game(g) for g in table.to_pylist()}, want_games)
same("pyarrow: point look-up", dataset.to_table(filter=ds.field("game_id") == one).num_rows, 1)
region = wanted["games"][0]["region"]
same(
    "pyarrow: a region alone",
    dataset.to_table(filter=ds.field("region") == region).num_rows,
    sum(1 for g in wanted["games"] if g["region"] == region),
)

# Events, by both.
source = f"read_parquet('{folder}/events/v1/*/*/*/*.parquet')"
want_events = {e["event_id"]: e for e in wanted["events"]}
EVENT = "event_id event_type topic game_id player_id queue_key seq command_id region ply color uci san fen white_clock_cs black_clock_cs elapsed_cs charged_cs compensated_cs restored_cs payload".split()


def event(row):
    out = {name: row[name] for name in EVENT}
    out["occurred_at"] = micros(row["occurred_at"])
    out["deadline_at"] = micros(row["deadline_at"]) if row["deadline_at"] else None
    return out


for reader, got in (
    ("duckdb", rows(db.execute(f"SELECT * FROM {source}"))),
    ("pyarrow", ds.dataset(f"{folder}/events/v1", format="parquet", partitioning="hive").to_table().to_pylist()),
):
    same(f"{reader}: rows of events", len(got), len(want_events))
    same(f"{reader}: events", {e["event_id"]: event(e) for e in got}, want_events)
    offsets = collections.Counter((e["topic"], e["kafka_partition"], e["kafka_offset"]) for e in got)
    same(f"{reader}: each offset once", max(offsets.values()), 1)
same(
    "duckdb: a game's moves in order",
    [u for (u,) in db.execute(f"SELECT uci FROM {source} WHERE game_id = '{one}' AND event_type = 'MoveMade' ORDER BY seq").fetchall()],
    want_games[one]["moves"],
)
same(
    "duckdb: payload is JSON",
    db.execute(f"SELECT count(*) FROM {source} WHERE event_type = 'MoveMade' AND json_extract_string(payload, '$.uci') = uci").fetchone()[0],
    sum(1 for e in wanted["events"] if e["event_type"] == "MoveMade"),
)

# Every file, page index and bloom filters included, opens by itself.
for path in glob.glob(f"{folder}/*/v1/*/*/*/*.parquet"):
    file = pq.ParquetFile(path)
    same(f"{path}: rows", file.read().num_rows, file.metadata.num_rows)
    for i in range(file.metadata.num_row_groups):
        same(f"{path}: columns without a name", [c for c in range(file.metadata.num_columns) if not file.metadata.row_group(i).column(c).path_in_schema], [])
        same(f"{path}: compression", {file.metadata.row_group(i).column(c).compression for c in range(file.metadata.num_columns)}, {"ZSTD"})

# Raw, by DuckDB: as many lines as there are events, with the same ids.
raw = (
    f"read_json('{folder}/raw/v1/*/*/*/*/*.ndjson.zst', format='newline_delimited', hive_partitioning=true, "
    "columns={eventId: 'VARCHAR', eventType: 'VARCHAR', payload: 'JSON'})"
)
lines = rows(db.execute(f"SELECT * FROM {raw}"))
same("duckdb: raw lines", sorted(l["eventId"] for l in lines), sorted(wanted["raw"]))
same("duckdb: raw regions", {l["eventId"]: l["region"] for l in lines if l["eventId"] in want_events}, {k: e["region"] for k, e in want_events.items()})

size = sum(os.path.getsize(p) for p in glob.glob(f"{folder}/**/*.parquet", recursive=True))
print(f"{len(games)} games and {len(want_events)} events, {len(lines)} raw lines, {size} bytes of Parquet")
