-- Lines of statements that people bring as files beside the bank's own feed:
-- which document showed a line first, and what makes two lines alike although
-- the bank calls them by two references. And what the agents' desk lists.

-- +goose Up
ALTER TABLE bank_line ADD COLUMN document TEXT NOT NULL DEFAULT ''; -- digest of the file; empty for the bank's own feed
ALTER TABLE bank_line ADD COLUMN likeness TEXT NOT NULL DEFAULT ''; -- blind index
CREATE INDEX bank_line_likeness ON bank_line (likeness) WHERE likeness <> '';
CREATE INDEX bank_line_state ON bank_line (state, at);
CREATE INDEX bank_line_proof ON bank_line (proof) WHERE proof <> '';
CREATE INDEX proof_waiting ON proof (until) WHERE state IN ('open', 'expired');
CREATE INDEX audit_about ON audit (about) WHERE about <> '';

-- +goose Down
DROP INDEX audit_about;
DROP INDEX proof_waiting;
DROP INDEX bank_line_proof;
DROP INDEX bank_line_state;
DROP INDEX bank_line_likeness;
ALTER TABLE bank_line DROP COLUMN likeness;
ALTER TABLE bank_line DROP COLUMN document;
