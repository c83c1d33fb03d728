-- +goose Up

-- The game's row of games-table behind its last event, of which all its events
-- are made again (ADR 24). Null: the game ended before this, and only the log has
-- them.
ALTER TABLE games ADD COLUMN table_row bytea;

-- +goose Down

ALTER TABLE games DROP COLUMN table_row;
