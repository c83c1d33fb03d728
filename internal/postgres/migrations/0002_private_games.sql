-- +goose Up

-- Only its players and services can see a private game.
ALTER TABLE games ADD COLUMN private boolean NOT NULL DEFAULT false;
ALTER TABLE player_games ADD COLUMN private boolean NOT NULL DEFAULT false;

-- +goose Down

ALTER TABLE player_games DROP COLUMN private;
ALTER TABLE games DROP COLUMN private;
