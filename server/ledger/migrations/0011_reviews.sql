-- Papers that applicants send in, what two members of staff make of them, and
-- how often one person is proved.

-- +goose Up
CREATE TABLE review (
	number     TEXT   NOT NULL PRIMARY KEY,
	talk       TEXT   NOT NULL REFERENCES talk (id),
	party      TEXT   NOT NULL,            -- person, company
	sealed     TEXT   NOT NULL,            -- name, paper and number; empty once it is over in vain
	state      TEXT   NOT NULL,            -- asked, seconded, passed, refused, closed
	at         BIGINT NOT NULL,
	first_by   TEXT   NOT NULL DEFAULT '', -- who found it right first
	first_at   BIGINT NOT NULL DEFAULT 0,
	decided_by TEXT   NOT NULL DEFAULT '',
	decided_at BIGINT NOT NULL DEFAULT 0,
	words      TEXT   NOT NULL DEFAULT ''  -- sealed: the reasons of both
);
CREATE UNIQUE INDEX review_open ON review (talk, party) WHERE state IN ('asked', 'seconded');
CREATE INDEX review_state ON review (state, at);

CREATE TABLE paper (
	id     TEXT    NOT NULL PRIMARY KEY,
	talk   TEXT    NOT NULL REFERENCES talk (id),
	review TEXT    NOT NULL DEFAULT '', -- empty until the page was accepted
	kind   TEXT    NOT NULL,            -- media type
	size   INTEGER NOT NULL,            -- bytes
	sealed TEXT    NOT NULL,
	at     BIGINT  NOT NULL
);
CREATE INDEX paper_talk ON paper (talk, review);

-- Whoever is proved again and again is shown to an agent.
CREATE INDEX face_check_person ON face_check (id_blind, at) WHERE id_blind <> '';

-- +goose Down
DROP INDEX face_check_person;
DROP TABLE paper;
DROP TABLE review;
