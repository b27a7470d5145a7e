-- A case goes on in another channel.

-- +goose Up
CREATE TABLE join_code (
	code_blind TEXT    NOT NULL PRIMARY KEY,
	talk       TEXT    NOT NULL REFERENCES talk (id),
	until      BIGINT  NOT NULL,
	used_at    BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX join_code_talk ON join_code (talk);
ALTER TABLE talk ADD COLUMN moved_to TEXT NOT NULL DEFAULT ''; -- whoever spoke here goes on there

-- +goose Down
ALTER TABLE talk DROP COLUMN moved_to;
DROP TABLE join_code;
