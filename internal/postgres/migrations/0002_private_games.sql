-- +goose Up

-- A private game is seen by its players and by services alone.
ALTER TABLE games ADD COLUMN private boolean NOT NULL DEFAULT false;
ALTER TABLE player_games ADD COLUMN private boolean NOT NULL DEFAULT false;

-- +goose Down

ALTER TABLE player_games DROP COLUMN private;
ALTER TABLE games DROP COLUMN private;
