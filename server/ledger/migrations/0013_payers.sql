-- One payer for many accounts is shown to an agent.

-- +goose Up
ALTER TABLE payment ADD COLUMN payer_blind TEXT NOT NULL DEFAULT ''; -- blind index of who paid; empty when nobody said
CREATE INDEX payment_payer ON payment (payer_blind, at) WHERE payer_blind <> '';

-- +goose Down
DROP INDEX payment_payer;
ALTER TABLE payment DROP COLUMN payer_blind;
