-- Each attempt says which way it went, and look-ups in a register are counted
-- by whom they were about, whoever asked.

-- +goose Up
ALTER TABLE face_check ADD COLUMN way TEXT NOT NULL DEFAULT 'face';
UPDATE face_check SET way = 'papers' WHERE number IN (SELECT number FROM review);
UPDATE face_check SET way = 'mobile' WHERE number IN (SELECT about FROM audit WHERE did = 'proved by mobile');
UPDATE face_check SET way = 'card' WHERE number IN (SELECT about FROM audit WHERE did = 'proved by card');
CREATE TABLE lookup (
	ref    TEXT   PRIMARY KEY,
	talk   TEXT   NOT NULL,
	person TEXT   NOT NULL, -- blind index of the identity number
	org    TEXT   NOT NULL, -- blind index of the code
	at     BIGINT NOT NULL
);
CREATE INDEX lookup_talk ON lookup (talk, at);
CREATE INDEX lookup_person ON lookup (person, at);
CREATE INDEX lookup_org ON lookup (org, at);

-- +goose Down
DROP TABLE lookup;
ALTER TABLE face_check DROP COLUMN way;
