// Package banktest is the stand-in of a bank: accounts of companies and
// persons, transfers between them, and the statement of the one customer that
// has an interface, which is us.
//
// It refuses a transfer to an account it does not have, of nothing, or of more
// than is there. A number that begins with ours and goes on with digits is a
// sub-account of ours, and what is sent to it arrives with us. It promises that
// no money appears or disappears: the sum of all balances changes only when an
// account is opened. It shares no code with the client it checks.
package banktest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"certdesk/flows"
)

// Account is one of the bank's.
type Account struct {
	Name      string    `json:"name"`
	Number    string    `json:"number"`
	Corporate bool      `json:"corporate"`
	Balance   flows.Fen `json:"balance"`
}

// Config is our contract with the bank, and how the stand-in runs.
type Config struct {
	Platform Account      // ours
	Token    flows.Secret // of the statement
	Accounts []Account    // the others; those that the state knows keep their balance
	Clock    func() time.Time
	Hurry    int    // divides every delay; 1 when zero
	Dir      string // an existing directory that keeps the state; none when empty
}

// Bank is the stand-in. It is safe for use by many goroutines.
type Bank struct {
	cfg Config

	mu     sync.Mutex
	state  state
	faults map[string]int
}

// state is what survives a restart.
type state struct {
	Accounts map[string]*Account `json:"accounts"`
	Lines    []Line              `json:"lines"`
}

// Line is one transfer in the bank's books.
type Line struct {
	Ref     string    `json:"ref"`
	At      time.Time `json:"at"`    // when it was booked
	Shown   time.Time `json:"shown"` // since when statements have it
	Twice   bool      `json:"twice"` // statements have it two times
	Payer   string    `json:"payer"` // account
	Payee   string    `json:"payee"` // account or sub-account
	Amount  flows.Fen `json:"amount"`
	Remark  string    `json:"remark"`
	Balance flows.Fen `json:"balance"` // of our account afterwards
}

// Books are the bank's own records.
type Books struct {
	Accounts []Account `json:"accounts"` // by number
	Lines    []Line    `json:"lines"`    // oldest first
}

// The reasons for which a transfer is refused.
var (
	ErrPayer  = errors.New("banktest: no single account of this payer")
	ErrPayee  = errors.New("banktest: no account of this number")
	ErrAmount = errors.New("banktest: amount is not positive")
	ErrFunds  = errors.New("banktest: insufficient funds")
)

// ErrAccount is returned for an account that cannot be opened.
var ErrAccount = errors.New("banktest: account is incomplete, or its number is taken")

// New opens the stand-in with the state of cfg.Dir, when there is one.
func New(cfg Config) (*Bank, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	cfg.Hurry = max(cfg.Hurry, 1)
	b := &Bank{cfg: cfg, faults: map[string]int{}}
	if err := b.load(); err != nil {
		return nil, err
	}
	if b.state.Accounts == nil {
		b.state.Accounts = map[string]*Account{}
	}
	for _, a := range append([]Account{cfg.Platform}, cfg.Accounts...) {
		if b.state.Accounts[a.Number] != nil {
			continue
		}
		if err := b.Open(a); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Open opens an account with its first balance.
func (b *Bank) Open(a Account) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.Name == "" || a.Balance < 0 || !digits(a.Number) || b.find(a.Number) != nil {
		return fmt.Errorf("%w: %q", ErrAccount, a.Number)
	}
	b.state.Accounts[a.Number] = &a
	return b.save()
}

// Transfer moves money from a payer, named by account number or by a name that
// only one account has, to an account number, and returns the bank's
// reference. A refused transfer leaves no trace.
func (b *Bank) Transfer(payer, toAccount string, amount flows.Fen, remark string) (ref string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	from, to := b.payer(payer), b.find(toAccount)
	switch {
	case from == nil:
		return "", ErrPayer
	case to == nil || to == from:
		return "", ErrPayee
	case amount <= 0:
		return "", ErrAmount
	case from.Balance < amount:
		return "", ErrFunds
	}
	from.Balance -= amount
	to.Balance += amount
	now := b.cfg.Clock()
	line := Line{
		Ref: fmt.Sprintf("%s%08d", now.In(beijing).Format("20060102"), len(b.state.Lines)+1),
		At:  now, Shown: now, Payer: from.Number, Payee: toAccount, Amount: amount, Remark: remark,
		Balance: b.state.Accounts[b.cfg.Platform.Number].Balance,
	}
	if b.take("delay") {
		line.Shown = now.Add(delayBy / time.Duration(b.cfg.Hurry))
	}
	line.Twice = b.take("duplicate")
	b.state.Lines = append(b.state.Lines, line)
	return line.Ref, b.save()
}

// payer finds the one account that a number or a name means.
func (b *Bank) payer(who string) *Account {
	if a := b.state.Accounts[who]; a != nil {
		return a
	}
	var found *Account
	for _, a := range b.state.Accounts {
		if a.Name == who {
			if found != nil {
				return nil
			}
			found = a
		}
	}
	return found
}

// find gives the account that a number reaches, ours for a sub-account.
func (b *Bank) find(number string) *Account {
	if a := b.state.Accounts[number]; a != nil {
		return a
	}
	ours := b.cfg.Platform.Number
	if len(number) <= 32 && digits(number) && strings.HasPrefix(number, ours) {
		return b.state.Accounts[ours]
	}
	return nil
}

// Books returns a copy of the bank's records.
func (b *Bank) Books() Books {
	b.mu.Lock()
	defer b.mu.Unlock()
	books := Books{Lines: slices.Clone(b.state.Lines)}
	for _, number := range slices.Sorted(maps.Keys(b.state.Accounts)) {
		books.Accounts = append(books.Accounts, *b.state.Accounts[number])
	}
	return books
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
