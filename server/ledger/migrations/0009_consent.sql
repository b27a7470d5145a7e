-- Consents can be taken back; the row stays, as the law wants.

-- +goose Up
ALTER TABLE consent ADD COLUMN withdrawn_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE consent DROP COLUMN withdrawn_at;
