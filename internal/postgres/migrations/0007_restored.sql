-- +goose Up

-- What TimeRestored gave back to each side, in centiseconds.
ALTER TABLE games ADD COLUMN white_restored_cs integer NOT NULL DEFAULT 0;
ALTER TABLE games ADD COLUMN black_restored_cs integer NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE games DROP COLUMN black_restored_cs;
ALTER TABLE games DROP COLUMN white_restored_cs;
