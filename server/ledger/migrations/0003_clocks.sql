-- Which job is a talk's clock, so that a clock of a step that was left can be
-- taken away. A talk has one clock of each sort: the step's own, and the next
-- reminder.

-- +goose Up
CREATE TABLE clock (
	talk     TEXT    NOT NULL REFERENCES talk (id),
	reminder BOOLEAN NOT NULL,
	job      BIGINT  NOT NULL,
	PRIMARY KEY (talk, reminder)
);

-- +goose Down
DROP TABLE clock;
