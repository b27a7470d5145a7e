-- Branches of banks, as an operator's file lists them.

-- +goose Up
CREATE TABLE branch (
	code     TEXT NOT NULL PRIMARY KEY, -- in the central bank's payment system
	bank     TEXT NOT NULL,
	province TEXT NOT NULL,
	city     TEXT NOT NULL,
	name     TEXT NOT NULL
);
CREATE INDEX branch_city ON branch (city, bank);

-- +goose Down
DROP TABLE branch;
