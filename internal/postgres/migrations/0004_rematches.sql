-- +goose Up

-- The rematch that follows the game. Null if there is none, or if the game ended before
-- this column existed.
ALTER TABLE games ADD COLUMN rematch uuid;

-- +goose Down

ALTER TABLE games DROP COLUMN rematch;
