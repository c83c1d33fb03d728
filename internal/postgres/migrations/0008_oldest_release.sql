-- +goose Up

-- One row: the oldest release that may use this schema, by its name and by the last
-- migration that it has. A migration that an older release cannot live with raises it.
CREATE TABLE oldest_release (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    name      text    NOT NULL,
    migration bigint  NOT NULL
);

-- Earlier states do not look at this table. They are stopped before this one starts.
INSERT INTO oldest_release (name, migration) VALUES ('the one with migration 8', 8);

-- +goose Down
DROP TABLE oldest_release;
