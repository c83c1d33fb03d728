-- +goose Up

-- The game that follows as a rematch; null if there is none, or if this one ended
-- before there was this column.
ALTER TABLE games ADD COLUMN rematch uuid;

-- +goose Down

ALTER TABLE games DROP COLUMN rematch;
