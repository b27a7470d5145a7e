// Package bank tells what money has arrived on our account.
//
// It fetches the bank's statement (ISO 20022, camt.053), or reads one that a
// person downloaded (that, CSV or XLSX), and gives each booked credit as one
// [flows.Credit]. It refuses to decide whose money it is, it leaves out what is
// only announced, what went out, and what the bank reversed, and it never passes
// over a line it cannot read: then the whole statement is an error. It promises
// that a line has the same reference in every statement of one shape that shows
// it; whether two shapes name it alike is the bank's affair.
package bank

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"certdesk/flows"
)

// Config is our account with the bank.
type Config struct {
	URL     string // of the statement, without a query
	Account string // ours; its sub-accounts are in the same statement
	Token   flows.Secret
}

// Feed fetches statements. It is safe for use by many goroutines.
type Feed struct {
	cfg  Config
	http *http.Client
}

// New checks the configuration and reports every mistake at once. It makes no
// call.
func New(cfg Config, client *http.Client) (*Feed, error) {
	var errs []error
	if u, err := url.Parse(cfg.URL); err != nil || u.Host == "" || u.RawQuery != "" {
		errs = append(errs, errors.New("bank: URL is not an address without a query"))
	}
	if cfg.Account == "" {
		errs = append(errs, errors.New("bank: account is not set"))
	}
	if cfg.Token.IsZero() {
		errs = append(errs, errors.New("bank: token is not set"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Feed{cfg: cfg, http: client}, nil
}

// Credits returns what was booked at or after since, in the order of the
// statement. A bank shows some lines late, under the time they were booked at:
// ask for some days before the last line seen, and know the lines again by
// Ref.
func (f *Feed) Credits(ctx context.Context, since time.Time) ([]flows.Credit, error) {
	query := url.Values{"account": {f.cfg.Account}, "from": {since.In(beijing).Format(time.RFC3339)}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.cfg.URL+"?"+query.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("bank: statement: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+f.cfg.Token.Reveal())
	request.Header.Set("Accept", "application/xml")
	answer, err := f.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("bank: statement: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("bank: statement: HTTP status %d", answer.StatusCode)
	}
	return ParseCamt053(answer.Body)
}
