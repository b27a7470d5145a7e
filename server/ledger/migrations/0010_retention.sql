-- What is personal is forgotten in time; each row says when that was done.

-- +goose Up
ALTER TABLE talk ADD COLUMN forgotten_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE face_check ADD COLUMN forgotten_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE face_check ADD COLUMN id_blind TEXT NOT NULL DEFAULT ''; -- blind index, once the number is gone
ALTER TABLE shipment ADD COLUMN forgotten_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX talk_age ON talk (created_at) WHERE forgotten_at = 0;
CREATE INDEX shipment_age ON shipment (shipped_at) WHERE forgotten_at = 0 AND shipped_at > 0;
CREATE INDEX certificate_age ON certificate (finished_at) WHERE finished_at > 0;
CREATE INDEX face_check_talk ON face_check (talk) WHERE forgotten_at = 0;
CREATE INDEX transcript_age ON transcript (at);
CREATE INDEX code_age ON code (at);

-- +goose Down
DROP INDEX code_age;
DROP INDEX transcript_age;
DROP INDEX face_check_talk;
DROP INDEX certificate_age;
DROP INDEX shipment_age;
DROP INDEX talk_age;
ALTER TABLE shipment DROP COLUMN forgotten_at;
ALTER TABLE face_check DROP COLUMN id_blind;
ALTER TABLE face_check DROP COLUMN forgotten_at;
ALTER TABLE talk DROP COLUMN forgotten_at;
