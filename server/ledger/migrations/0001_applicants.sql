-- Who our applicants are, what they told us, what they were asked, and what we
-- owe the world. Times are Unix milliseconds, and 0 means "not yet". Columns
-- called sealed are encrypted and in base64; columns ending in _blind are keyed
-- hashes, for looking up what is not stored in clear.

-- +goose Up
CREATE TABLE talk (
	id             TEXT    NOT NULL PRIMARY KEY,
	created_at     BIGINT  NOT NULL,
	owner_kind     TEXT    NOT NULL DEFAULT '',
	owner_agent    TEXT    NOT NULL DEFAULT '',
	owner_name     TEXT    NOT NULL DEFAULT '',
	owner_epoch    BIGINT  NOT NULL DEFAULT 0,
	owned_at       BIGINT  NOT NULL DEFAULT 0,
	last_channel   TEXT    NOT NULL DEFAULT '',
	cancelled_at   BIGINT  NOT NULL DEFAULT 0,
	archived       TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX talk_owned ON talk (owner_kind) WHERE owner_kind <> '';

CREATE TABLE identity (
	channel    TEXT   NOT NULL,
	id_blind   TEXT   NOT NULL,
	sealed     TEXT   NOT NULL,
	talk       TEXT   NOT NULL REFERENCES talk (id) DEFERRABLE INITIALLY DEFERRED,
	at         BIGINT NOT NULL,
	PRIMARY KEY (channel, id_blind)
);
CREATE INDEX identity_talk ON identity (talk);

-- A page is a set of answers saved together, or what a report taught us. Turn
-- grows with each save of a talk: the answer with the greatest turn is the last.
CREATE TABLE page (
	talk   TEXT   NOT NULL REFERENCES talk (id),
	name   TEXT   NOT NULL,
	sealed TEXT   NOT NULL,
	turn   BIGINT NOT NULL,
	at     BIGINT NOT NULL,
	PRIMARY KEY (talk, name)
);

CREATE TABLE consent (
	talk     TEXT   NOT NULL REFERENCES talk (id),
	document TEXT   NOT NULL,
	version  TEXT   NOT NULL,
	sha256   TEXT   NOT NULL,
	via      TEXT   NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (talk, document, version, at)
);

CREATE TABLE account (
	id            TEXT   NOT NULL PRIMARY KEY,
	talk          TEXT   NOT NULL UNIQUE REFERENCES talk (id),
	login_blind   TEXT   NOT NULL UNIQUE,
	login         TEXT   NOT NULL, -- sealed
	mobile        TEXT   NOT NULL, -- sealed
	kind          TEXT   NOT NULL,
	password_hash TEXT   NOT NULL,
	at            BIGINT NOT NULL
);

CREATE TABLE code (
	id           TEXT    NOT NULL PRIMARY KEY,
	ref          TEXT    NOT NULL UNIQUE,
	talk         TEXT    NOT NULL REFERENCES talk (id),
	purpose      TEXT    NOT NULL,
	code_blind   TEXT    NOT NULL,
	sealed       TEXT    NOT NULL, -- emptied when the code is closed
	mobile_blind TEXT    NOT NULL,
	mobile       TEXT    NOT NULL, -- sealed
	tries        INTEGER NOT NULL DEFAULT 0,
	at           BIGINT  NOT NULL,
	until        BIGINT  NOT NULL,
	closed_at    BIGINT  NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX code_open ON code (talk, purpose) WHERE closed_at = 0;
CREATE INDEX code_mobile ON code (mobile_blind, at);
CREATE INDEX code_talk ON code (talk, at);

CREATE TABLE face_check (
	number   TEXT   NOT NULL PRIMARY KEY,
	talk     TEXT   NOT NULL REFERENCES talk (id),
	person   TEXT   NOT NULL, -- sealed
	provider TEXT   NOT NULL DEFAULT '',
	url      TEXT   NOT NULL,
	state    TEXT   NOT NULL,
	at       BIGINT NOT NULL,
	until    BIGINT NOT NULL
);
CREATE UNIQUE INDEX face_check_open ON face_check (talk) WHERE state = 'open';
CREATE UNIQUE INDEX face_check_passed ON face_check (talk) WHERE state = 'passed';

-- Every effect is here once for ever. A row outlives its job; job is the last
-- one made for it.
CREATE TABLE effect (
	talk       TEXT    NOT NULL REFERENCES talk (id),
	event      TEXT    NOT NULL,
	idx        INTEGER NOT NULL,
	verb       TEXT    NOT NULL,
	sealed     TEXT    NOT NULL, -- emptied when done
	job        BIGINT  NOT NULL DEFAULT 0,
	at         BIGINT  NOT NULL,
	done_at    BIGINT  NOT NULL DEFAULT 0,
	flagged_at BIGINT  NOT NULL DEFAULT 0,
	PRIMARY KEY (talk, event, idx)
);
CREATE INDEX effect_owed ON effect (at) WHERE done_at = 0;

CREATE TABLE report (
	id          TEXT   NOT NULL PRIMARY KEY,
	talk        TEXT   NOT NULL REFERENCES talk (id),
	kind        TEXT   NOT NULL,
	sealed      TEXT   NOT NULL, -- emptied when accepted
	job         BIGINT NOT NULL DEFAULT 0,
	at          BIGINT NOT NULL,
	accepted_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX report_owed ON report (at) WHERE accepted_at = 0;
CREATE INDEX report_talk ON report (talk);

CREATE TABLE help (
	id          TEXT   NOT NULL PRIMARY KEY,
	talk        TEXT   NOT NULL REFERENCES talk (id),
	why         TEXT   NOT NULL,
	since       BIGINT NOT NULL,
	answered_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX help_open ON help (talk) WHERE answered_at = 0;
CREATE INDEX help_since ON help (since) WHERE answered_at = 0;

CREATE TABLE staff (
	name          TEXT   NOT NULL PRIMARY KEY,
	display       TEXT   NOT NULL,
	password_hash TEXT   NOT NULL,
	role          TEXT   NOT NULL,
	at            BIGINT NOT NULL
);

-- Rows are only ever added.
CREATE TABLE audit (
	id     TEXT   NOT NULL PRIMARY KEY,
	at     BIGINT NOT NULL,
	actor  TEXT   NOT NULL,
	did    TEXT   NOT NULL,
	talk   TEXT   NOT NULL,
	about  TEXT   NOT NULL,
	sealed TEXT   NOT NULL
);
CREATE INDEX audit_talk ON audit (talk, at);

CREATE TABLE transcript (
	talk   TEXT   NOT NULL REFERENCES talk (id),
	seq    BIGINT NOT NULL,
	sealed TEXT   NOT NULL,
	at     BIGINT NOT NULL,
	PRIMARY KEY (talk, seq)
);

-- +goose Down
DROP TABLE transcript;
DROP TABLE audit;
DROP TABLE staff;
DROP TABLE help;
DROP TABLE report;
DROP TABLE effect;
DROP TABLE face_check;
DROP TABLE code;
DROP TABLE account;
DROP TABLE consent;
DROP TABLE page;
DROP TABLE identity;
DROP TABLE talk;
