-- +goose Up

-- The game's row of games-table after its last event, from which all its events can be
-- made (ADR 24). Null: the game ended before this column existed, so only the log has
-- its events.
ALTER TABLE games ADD COLUMN table_row bytea;

-- +goose Down

ALTER TABLE games DROP COLUMN table_row;
