-- What partners see, and what they told us: proofs by transfer, orders,
-- payments, parcels, certificates. Money is in fen. Each "at most one" of the
-- business is an index here, and a state is one word.

-- +goose Up
CREATE TABLE proof (
	number  TEXT    NOT NULL PRIMARY KEY,
	talk    TEXT    NOT NULL REFERENCES talk (id),
	company TEXT    NOT NULL, -- sealed: the name and the code to be proved
	payee   TEXT    NOT NULL, -- our account's name, as told
	account TEXT    NOT NULL, -- our account for this proof alone
	bank    TEXT    NOT NULL, -- our account's bank, as told
	state   TEXT    NOT NULL, -- open, seen, expired, closed
	wrong   INTEGER NOT NULL DEFAULT 0, -- lines that did not count
	at      BIGINT  NOT NULL,
	until   BIGINT  NOT NULL
);
CREATE UNIQUE INDEX proof_account ON proof (account);
CREATE UNIQUE INDEX proof_open ON proof (talk) WHERE state = 'open';
CREATE UNIQUE INDEX proof_seen ON proof (talk) WHERE state = 'seen';

-- Every line of the bank's statement is here once.
CREATE TABLE bank_line (
	ref    TEXT   NOT NULL PRIMARY KEY,
	sealed TEXT   NOT NULL,
	amount BIGINT NOT NULL,
	at     BIGINT NOT NULL, -- when the bank booked it
	state  TEXT   NOT NULL, -- matched, wrong, unmatched
	proof  TEXT   NOT NULL  -- empty when it belongs to none
);

CREATE TABLE orders (
	no       TEXT   NOT NULL PRIMARY KEY,
	talk     TEXT   NOT NULL REFERENCES talk (id),
	key_fee  BIGINT NOT NULL,
	courier  BIGINT NOT NULL,
	total    BIGINT NOT NULL,
	sealed   TEXT   NOT NULL, -- whom it is for, invoiced to and sent to
	state    TEXT   NOT NULL, -- open, paid, cancelled
	at       BIGINT NOT NULL,
	paid_at  BIGINT NOT NULL DEFAULT 0,
	ships_by BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX orders_live ON orders (talk) WHERE state <> 'cancelled';

-- A lapsed attempt was ended by us: the cashier may still take money for it.
-- A surplus one brought money that its order no longer wanted.
CREATE TABLE payment (
	number   TEXT   NOT NULL PRIMARY KEY,
	order_no TEXT   NOT NULL REFERENCES orders (no),
	amount   BIGINT NOT NULL,
	buyer    TEXT   NOT NULL, -- sealed; empty for a code to scan
	state    TEXT   NOT NULL, -- open, paid, lapsed, closed, refused, surplus
	qr       TEXT   NOT NULL DEFAULT '',
	trade    TEXT   NOT NULL DEFAULT '',
	replaces TEXT   NOT NULL DEFAULT '',
	at       BIGINT NOT NULL,
	until    BIGINT NOT NULL
);
CREATE UNIQUE INDEX payment_open ON payment (order_no) WHERE state = 'open';
CREATE UNIQUE INDEX payment_paid ON payment (order_no) WHERE state = 'paid';

CREATE TABLE shipment (
	number     TEXT   NOT NULL PRIMARY KEY,
	order_no   TEXT   NOT NULL UNIQUE REFERENCES orders (no),
	talk       TEXT   NOT NULL REFERENCES talk (id),
	waybill    TEXT   NOT NULL DEFAULT '',
	state      TEXT   NOT NULL DEFAULT '', -- a flows.ParcelState, once booked
	at         BIGINT NOT NULL,
	booked_at  BIGINT NOT NULL DEFAULT 0,
	shipped_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX shipment_waybill ON shipment (waybill) WHERE waybill <> '';

CREATE TABLE scan (
	shipment TEXT   NOT NULL REFERENCES shipment (number),
	id       TEXT   NOT NULL,
	sealed   TEXT   NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (shipment, id)
);

CREATE TABLE certificate (
	order_no    TEXT    NOT NULL PRIMARY KEY REFERENCES orders (no),
	talk        TEXT    NOT NULL REFERENCES talk (id),
	container   TEXT    NOT NULL UNIQUE,
	serial      TEXT    NOT NULL DEFAULT '', -- of the UKey, once bound
	public_key  TEXT    NOT NULL DEFAULT '', -- SPKI in base64, once bound
	issued      TEXT    NOT NULL DEFAULT '', -- sealed, once issued
	step        INTEGER NOT NULL DEFAULT 0,  -- last step done
	finished_at BIGINT  NOT NULL DEFAULT 0
);

CREATE TABLE ticket (
	code_blind TEXT   NOT NULL PRIMARY KEY,
	order_no   TEXT   NOT NULL REFERENCES orders (no),
	state      TEXT   NOT NULL, -- open, used, void
	at         BIGINT NOT NULL,
	until      BIGINT NOT NULL
);
CREATE UNIQUE INDEX ticket_open ON ticket (order_no) WHERE state = 'open';

-- A making is one run of the tool on the applicant's PC.
CREATE TABLE making (
	token_blind TEXT    NOT NULL PRIMARY KEY,
	order_no    TEXT    NOT NULL REFERENCES orders (no),
	pc          TEXT    NOT NULL, -- sealed
	state       TEXT    NOT NULL, -- open, closed
	authorised  BOOLEAN NOT NULL DEFAULT FALSE,
	challenge   TEXT    NOT NULL DEFAULT '', -- sealed, while it waits for its proof
	at          BIGINT  NOT NULL,
	until       BIGINT  NOT NULL
);
CREATE UNIQUE INDEX making_open ON making (order_no) WHERE state = 'open';

-- What each request to cancel has ended.
CREATE TABLE ending (
	ref      TEXT   NOT NULL PRIMARY KEY,
	talk     TEXT   NOT NULL REFERENCES talk (id),
	order_no TEXT   NOT NULL, -- empty when there was no unpaid order
	at       BIGINT NOT NULL
);

-- What partners told us, authentic, that we cannot place.
CREATE TABLE inbox (
	id     TEXT   NOT NULL PRIMARY KEY,
	kind   TEXT   NOT NULL,
	why    TEXT   NOT NULL,
	sealed TEXT   NOT NULL,
	at     BIGINT NOT NULL
);

-- +goose Down
DROP TABLE inbox;
DROP TABLE ending;
DROP TABLE making;
DROP TABLE ticket;
DROP TABLE certificate;
DROP TABLE scan;
DROP TABLE shipment;
DROP TABLE payment;
DROP TABLE orders;
DROP TABLE bank_line;
DROP TABLE proof;
