-- What we send to companies so that they can tell how much it was. The amount
-- is nowhere: it follows from the number and our keys.

-- +goose Up
CREATE TABLE payout (
	number   TEXT    NOT NULL PRIMARY KEY, -- the bank pays it once
	talk     TEXT    NOT NULL REFERENCES talk (id),
	company  TEXT    NOT NULL,           -- sealed: the name and the code to be proved
	account  TEXT    NOT NULL,           -- sealed: where it goes
	org      TEXT    NOT NULL,           -- blind index of the code, for the daily limit
	low      BIGINT  NOT NULL,           -- fen: the least that it may be
	high     BIGINT  NOT NULL,           -- fen: the most
	state    TEXT    NOT NULL,           -- open, sent, returned, spent, closed, proved
	wrong    INTEGER NOT NULL DEFAULT 0, -- amounts that were not it
	at       BIGINT  NOT NULL,
	until    BIGINT  NOT NULL
);
CREATE UNIQUE INDEX payout_live ON payout (talk) WHERE state IN ('open', 'sent');
CREATE INDEX payout_org ON payout (org, at);

-- +goose Down
DROP TABLE payout;
