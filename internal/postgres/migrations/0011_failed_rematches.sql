-- +goose Up

-- Why the rematch that both players agreed on was not played: seat_taken,
-- account_closed or no_answer. Null if it was played, or if there is none.
ALTER TABLE games ADD COLUMN rematch_failure text;

-- +goose Down

ALTER TABLE games DROP COLUMN rematch_failure;
