-- Accounts are the only data that is not derived from the log: the e-mail address
-- and the password hash are stored here and nowhere else.

-- +goose Up
CREATE TABLE accounts (
    id            uuid        PRIMARY KEY,
    handle        text        NOT NULL,
    handle_lower  text        NOT NULL UNIQUE,
    email         text,
    email_lower   text        UNIQUE,
    password_hash text        NOT NULL,
    region        text        NOT NULL,
    country       text        NOT NULL DEFAULT '',
    revision      bigint      NOT NULL DEFAULT 1, -- counts the account's changes from 1
    created_at    timestamptz NOT NULL DEFAULT now(),
    closed_at     timestamptz
);

-- Messages about changed accounts, written in the transaction of the change. The
-- relay sends a row to Kafka and then deletes it.
CREATE TABLE outbox (
    id         bigserial   PRIMARY KEY,
    topic      text        NOT NULL,
    key        text        NOT NULL,
    type       text        NOT NULL, -- header event-type
    region     text        NOT NULL, -- header region
    value      bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The offset from which each sink continues. A sink moves it in the transaction of its
-- rows, and only from the value that it expects.
CREATE TABLE sink_offsets (
    sink        text    NOT NULL,
    topic       text    NOT NULL,
    partition   integer NOT NULL,
    next_offset bigint  NOT NULL,
    PRIMARY KEY (sink, topic, partition)
);

-- One row for each finished game, from its terminal event alone.
CREATE TABLE games (
    game_id      uuid             NOT NULL,
    ended_at     timestamptz      NOT NULL, -- broker time of the command that ended it
    created_at   timestamptz      NOT NULL,
    region       text             NOT NULL,
    speed        text             NOT NULL,
    rated        boolean          NOT NULL,
    queue        text             NOT NULL DEFAULT '', -- queue key, empty when a service made the game
    white_id     uuid             NOT NULL,
    white_handle text             NOT NULL,
    white_rating double precision NOT NULL,
    black_id     uuid             NOT NULL,
    black_handle text             NOT NULL,
    black_rating double precision NOT NULL,
    initial_cs   integer          NOT NULL,
    increment_cs integer          NOT NULL,
    result       text             NOT NULL, -- 1-0, 0-1, 1/2-1/2, *
    termination  text             NOT NULL,
    plies        integer          NOT NULL,
    moves        text             NOT NULL, -- UCI, separated by one space
    clocks_cs    integer[]        NOT NULL, -- the mover's clock after each ply
    start_fen    text             NOT NULL,
    fen          text             NOT NULL, -- the final position
    event_id     uuid             NOT NULL, -- of the terminal event
    event_seq    bigint           NOT NULL,
    PRIMARY KEY (game_id, ended_at)
) PARTITION BY RANGE (ended_at);

-- Two rows for each finished game, one for each player, so that a player's list of
-- games needs no join. The primary key is also the order of its pages. A page's query
-- has "ended_at <= $t" beside the row comparison, because row comparisons alone do not
-- prune partitions.
CREATE TABLE player_games (
    player_id       uuid             NOT NULL,
    ended_at        timestamptz      NOT NULL,
    game_id         uuid             NOT NULL,
    color           text             NOT NULL, -- white, black
    result          text             NOT NULL, -- win, loss, draw, none
    rating          double precision NOT NULL,
    opponent_id     uuid             NOT NULL,
    opponent_handle text             NOT NULL,
    opponent_rating double precision NOT NULL,
    region          text             NOT NULL,
    speed           text             NOT NULL,
    rated           boolean          NOT NULL,
    initial_cs      integer          NOT NULL,
    increment_cs    integer          NOT NULL,
    termination     text             NOT NULL,
    plies           integer          NOT NULL,
    PRIMARY KEY (player_id, ended_at, game_id)
) PARTITION BY RANGE (ended_at);

-- A speed or an opponent can be rare among a player's games and has an index. A colour
-- or a result is not, so it is filtered.
CREATE INDEX player_games_by_speed ON player_games (player_id, speed, ended_at, game_id);
CREATE INDEX player_games_by_opponent ON player_games (player_id, opponent_id, ended_at, game_id);

-- Creates the month partitions that cover [from_time, to_time], in UTC, and returns how
-- many it created. Callers may run at the same time. A partition is created as a table
-- and then attached, which does not block readers and writers; PARTITION OF would.
-- +goose StatementBegin
CREATE FUNCTION ensure_month_partitions(from_time timestamptz, to_time timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    first_month date := date_trunc('month', from_time AT TIME ZONE 'UTC');
    last_month  date := date_trunc('month', to_time AT TIME ZONE 'UTC');
    month       date;
    parent      text;
    part        text;
    made        integer := 0;
BEGIN
    IF last_month > first_month + interval '100 years' THEN
        RAISE EXCEPTION 'partitions from % to % are more than a hundred years', from_time, to_time
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    month := first_month;
    WHILE month <= last_month LOOP
        FOREACH parent IN ARRAY ARRAY['games', 'player_games'] LOOP
            part := parent || to_char(month, '"_"YYYY"_"MM');
            CONTINUE WHEN to_regclass(part) IS NOT NULL;
            -- One caller at a time. Unlike an advisory lock, a table lock also makes this
            -- session see the partitions that the caller before it has created.
            EXECUTE format('LOCK TABLE %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
            CONTINUE WHEN to_regclass(part) IS NOT NULL;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part,
                month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
            made := made + 1;
        END LOOP;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION ensure_month_partitions(timestamptz, timestamptz);
DROP TABLE player_games;
DROP TABLE games;
DROP TABLE sink_offsets;
DROP TABLE outbox;
DROP TABLE accounts;
