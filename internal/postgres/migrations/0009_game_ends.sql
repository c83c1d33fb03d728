-- +goose Up

-- When each game of games ended. A query for a game by its id alone takes ended_at from
-- here, and then looks into one month instead of all.
CREATE TABLE game_ends (
    game_id  uuid        PRIMARY KEY,
    ended_at timestamptz NOT NULL
);

-- A trigger, so that games that a release before this one writes are there too.
-- +goose StatementBegin
CREATE FUNCTION note_game_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO game_ends SELECT game_id, ended_at FROM added ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER note_game_ends AFTER INSERT ON games
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION note_game_ends();

INSERT INTO game_ends SELECT game_id, ended_at FROM games ON CONFLICT DO NOTHING;

-- +goose Down
DROP TRIGGER note_game_ends ON games;
DROP FUNCTION note_game_ends();
DROP TABLE game_ends;
