-- Companies proved by an Alipay account whose holder lets us see whose it is.
-- What Alipay said is compared and kept nowhere.

-- +goose Up
CREATE TABLE company_grant (
	number   TEXT    NOT NULL PRIMARY KEY, -- stands in the address of the code
	talk     TEXT    NOT NULL REFERENCES talk (id),
	company  TEXT    NOT NULL,           -- sealed: the name and the code to be proved
	org      TEXT    NOT NULL,           -- blind index of the code, for the daily limit
	method   TEXT    NOT NULL,           -- company, representative
	verify   TEXT    NOT NULL,           -- Alipay's name for the comparison with a representative
	state    TEXT    NOT NULL,           -- open, proved, spent, closed
	wrong    INTEGER NOT NULL DEFAULT 0, -- accounts that were not it
	at       BIGINT  NOT NULL,
	until    BIGINT  NOT NULL
);
CREATE UNIQUE INDEX company_grant_open ON company_grant (talk) WHERE state = 'open';
CREATE INDEX company_grant_org ON company_grant (org, at);

-- +goose Down
DROP TABLE company_grant;
