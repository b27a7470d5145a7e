package desk

import (
	"context"
	"time"

	"certdesk/flows"
)

// Face proves that whoever holds the telephone is the person named.
type Face interface {
	// Begin opens an attempt under our number and returns the provider's
	// identifier of it. Each attempt has a number of its own. A definite no is
	// a [*flows.RefusedError]; any other error may be tried again, under the
	// same number.
	Begin(ctx context.Context, number string, who flows.Person) (id string, err error)

	// Page returns the freshly signed address at which Alipay shows its
	// camera. No call is made.
	Page(id string) (url string, err error)

	// Result asks how far the attempt is.
	Result(ctx context.Context, id string) (flows.FaceState, error)
}

// Cashier collects money. A definite no is a [*flows.RefusedError]; after any
// other error the result is unknown and Query tells.
type Cashier interface {
	// QR opens a payment that whoever scans the code can make. Asking again
	// under the same number may be refused by the partner: keep the answer.
	QR(ctx context.Context, b flows.Bill) (content string, err error)

	// Order opens a payment inside the mini-program for one buyer, and returns
	// the trade number that the client hands to the cashier.
	Order(ctx context.Context, b flows.Bill, buyer string) (tradeNo string, err error)

	// Query tells how far a payment is.
	Query(ctx context.Context, number string) (flows.Trade, error)

	// Close ends an unpaid attempt. Closing what was never scanned, or is closed, is no error.
	Close(ctx context.Context, number string) error
}

// Courier carries parcels.
type Courier interface {
	// Book orders the pick-up and returns the waybill. Booking the same number
	// twice returns the same waybill.
	Book(ctx context.Context, p flows.Parcel) (waybill string, err error)

	// Track returns the history of a parcel, oldest first.
	Track(ctx context.Context, number string) ([]flows.Scan, error)
}

// Texter sends one-time codes by SMS.
type Texter interface {
	// Code sends a code, with its word when it has one. The partner does not
	// deduplicate, so the caller sends once per row.
	Code(ctx context.Context, code flows.OneTime) error

	// Moved tells a number that its account has another one now.
	Moved(ctx context.Context, mobile flows.Secret, ref string) error
}

// Caller reads one-time codes aloud over the telephone.
type Caller interface {
	// Call calls a number and reads its code. The partner does not deduplicate,
	// so the caller of this calls once per row.
	Call(ctx context.Context, code flows.OneTime) error
}

// Authority issues certificates.
type Authority interface {
	// Issue certifies the public key of a PKCS#10 request made in the token,
	// makes the encryption pair, and wraps its private half for that key.
	// Formats lists the envelopes the token can open, best first. The same
	// number gets the same two certificates again, so it may be repeated after
	// any error; for another key it is a [*flows.RefusedError].
	Issue(ctx context.Context, number string, subject flows.Subject, csr []byte, formats []string) (flows.Issued, error)
}

// Statement is the bank's list of what came in.
type Statement interface {
	// Credits returns the lines booked since a time, perhaps again and again,
	// and perhaps older ones too.
	Credits(ctx context.Context, since time.Time) ([]flows.Credit, error)
}
