-- +goose Up

-- Codes with which an account gets a new password, once each; see
-- services/account/recovery. The code itself is not stored.
CREATE TABLE account_codes (
    account_id uuid        PRIMARY KEY REFERENCES accounts (id),
    code_hash  bytea       NOT NULL, -- SHA-256
    expires_at timestamptz NOT NULL
);

-- +goose Down
DROP TABLE account_codes;
