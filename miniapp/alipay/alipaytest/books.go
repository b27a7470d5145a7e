package alipaytest

// What the stand-in remembers, and the one file it is kept in.

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"certdesk/flows"
)

// Books are the stand-in's records, in the order of their beginning.
type Books struct {
	Certifies     []Certify
	Trades        []Trade
	Refunds       []Refund
	Payouts       []Payout
	Notices       []Notice
	CertDownloads int // calls for a certificate; the client must make none
}

// Certify is one face verification.
type Certify struct {
	ID           string
	OuterOrderNo string
	Newer        bool   `json:",omitempty"` // of the product that tells failures
	Subject      string // digest of name and identity number
	ReturnURL    string
	Created      time.Time
	User         string // who opened the page
	Outcome      string // what the user did; empty until then
	Passed       bool
}

// Trade is one payment, from the moment its code or order was asked for. It
// exists for Alipay's answers only when Status is set.
type Trade struct {
	OutTradeNo string
	TradeNo    string
	Status     string // WAIT_BUYER_PAY, TRADE_SUCCESS, TRADE_CLOSED
	Product    string
	Subject    string
	Amount     flows.Fen
	Refunded   flows.Fen
	Buyer      string // open_id
	QR         string
	NotifyURL  string
	Timeout    time.Duration // from the scan to the end
	QRDies     time.Time
	Created    time.Time
	Expires    time.Time
	Paid       time.Time
	Closed     time.Time
}

// Refund is money given back.
type Refund struct {
	OutTradeNo   string
	OutRequestNo string
	Amount       flows.Fen
	Reason       string
	At           time.Time
}

// Payout is money sent to a bank account.
type Payout struct {
	OutBizNo  string
	OrderID   string
	Asked     string // digest of everything that was asked
	Account   string
	Name      string
	Amount    flows.Fen
	Status    string // DEALING, SUCCESS, FAIL, REFUND
	ErrorCode string
	Created   time.Time
	Settled   time.Time // when it became what it is
}

// Notice is one notification with all its deliveries.
type Notice struct {
	ID         string
	OutTradeNo string
	URL        string
	Params     map[string]string // without notify_time and sign
	Next       time.Time
	Held       bool // until another one is through
	Twice      bool
	Done       bool // acknowledged, or given up
	Deliveries []Delivery
}

// Delivery is one attempt to deliver a notice.
type Delivery struct {
	At     time.Time
	Answer string // the first bytes of the body, or why there was none
	OK     bool   // the answer was exactly success
}

type login struct {
	User   string // identifier
	OpenID string
	Scope  string
	Verify string // verify_id that the user agreed to be compared with
	Born   time.Time
	Used   bool
}

// Books returns a copy of the records.
func (g *Gateway) Books() Books {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire()
	out := g.books
	out.Certifies = slices.Clone(out.Certifies)
	out.Trades = slices.Clone(out.Trades)
	out.Refunds = slices.Clone(out.Refunds)
	out.Payouts = slices.Clone(out.Payouts)
	out.Notices = slices.Clone(out.Notices)
	for i := range out.Notices {
		out.Notices[i].Deliveries = slices.Clone(out.Notices[i].Deliveries)
	}
	return out
}

// digest stands for a person in the books.
func digest(name, number string) string {
	sum := sha256.Sum256([]byte(name + "\n" + strings.ToUpper(number)))
	return hex.EncodeToString(sum[:])
}

func (u User) digest() string { return digest(u.Name.Reveal(), u.IDNumber.Reveal()) }

// openID has the length and the first character of a real one.
func openID(id string) string {
	sum := sha256.Sum256([]byte("open_id " + id))
	return "0" + base64.RawURLEncoding.EncodeToString(append(sum[:], sum[:3]...))[:46]
}

const fileBooks = "alipay-books.json"

type kept struct {
	Books    Books
	Logins   map[string]*login
	Tokens   map[string]login
	Verifies map[string]string
}

// save writes everything; a crash leaves either the old file or the new one.
// The caller holds the lock.
func (g *Gateway) save() error {
	if g.cfg.Dir == "" {
		return nil
	}
	data, err := json.Marshal(kept{g.books, g.logins, g.tokens, g.verifies})
	if err != nil {
		return fmt.Errorf("alipaytest: books: %w", err)
	}
	name := filepath.Join(g.cfg.Dir, fileBooks)
	if err := os.WriteFile(name+".new", data, 0o600); err != nil {
		return fmt.Errorf("alipaytest: books: %w", err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return fmt.Errorf("alipaytest: books: %w", err)
	}
	return nil
}

func (g *Gateway) load() error {
	if g.cfg.Dir == "" {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(g.cfg.Dir, fileBooks))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("alipaytest: books: %w", err)
	}
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return fmt.Errorf("alipaytest: books: %w", err)
	}
	g.books = k.Books
	if k.Logins != nil {
		g.logins = k.Logins
	}
	if k.Tokens != nil {
		g.tokens = k.Tokens
	}
	if k.Verifies != nil {
		g.verifies = k.Verifies
	}
	return nil
}
