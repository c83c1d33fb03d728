-- +goose Up
-- Tokens of the account that were issued before it are not valid. Whole milliseconds, and
-- some seconds after the change that set it: see services/account/store.go.
ALTER TABLE accounts ADD COLUMN sessions_not_before timestamptz;

-- +goose Down
ALTER TABLE accounts DROP COLUMN sessions_not_before;
