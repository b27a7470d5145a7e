-- Codes that are read aloud over the telephone are fewer than those that are sent.

-- +goose Up
ALTER TABLE code ADD COLUMN aloud BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE code DROP COLUMN aloud;
