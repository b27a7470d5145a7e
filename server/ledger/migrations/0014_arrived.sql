-- An amount counts only once the bank says that the money is there.

-- +goose Up
DROP INDEX payout_live;
CREATE UNIQUE INDEX payout_live ON payout (talk) WHERE state IN ('open', 'sent', 'arrived');

-- +goose Down
UPDATE payout SET state = 'sent' WHERE state = 'arrived';
DROP INDEX payout_live;
CREATE UNIQUE INDEX payout_live ON payout (talk) WHERE state IN ('open', 'sent');
