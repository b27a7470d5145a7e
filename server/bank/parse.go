package bank

// Reading a statement decides which of its lines are money that came in; the
// rules are written here, away from the shapes of the document.

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"certdesk/flows"
)

const (
	maxStatement = 10 << 20 // bytes of one statement
	maxLines     = 50_000   // credits of one statement
	maxRemark    = 1000     // bytes of a remark that are kept
)

// ErrStatement is returned for a statement that cannot be read, or not
// entirely.
var ErrStatement = errors.New("bank: statement cannot be read")

// beijing is the zone of a time without one; China has no summer time.
var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// ParseCamt053 reads the booked credits of a camt.053 document of any version,
// in the order of the document. Amounts are hundredths of the currency that
// [flows.Credit] names; it is for the caller to insist on CNY.
//
// A line without a reference of the bank gets a hash of what it says and of how
// many equal lines stand before it, so that two equal payments stay two, and
// overlapping statements give the same. ParseCamt053 returns [ErrStatement],
// and no credit, when any booked credit cannot be understood.
func ParseCamt053(r io.Reader) ([]flows.Credit, error) {
	s, err := readCamt053(r)
	return s.Credits, err
}

func readCamt053(r io.Reader) (Statement, error) {
	limited := &io.LimitedReader{R: r, N: maxStatement + 1}
	var doc document
	if err := xml.NewDecoder(limited).Decode(&doc); err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if _, err := io.Copy(io.Discard, limited); err != nil {
		return Statement{}, fmt.Errorf("%w: %w", ErrStatement, err)
	}
	if limited.N <= 0 {
		return Statement{}, fmt.Errorf("%w: longer than %d bytes", ErrStatement, maxStatement)
	}
	if len(doc.Statements) == 0 {
		return Statement{}, fmt.Errorf("%w: no statement in it", ErrStatement)
	}
	p := parser{twins: map[string]int{}}
	for _, s := range doc.Statements {
		for i, e := range s.Entries {
			if err := p.entry(s.Account, e); err != nil {
				return Statement{}, fmt.Errorf("%w: line %d: %w", ErrStatement, i+1, err)
			}
		}
	}
	return Statement{Credits: p.credits, Reversed: p.reversed}, nil
}

type parser struct {
	credits  []flows.Credit
	reversed int            // payments that the bank took back
	twins    map[string]int // equal lines without a reference
}

// entry adds the credits of one line. A reversal is no payment: it is our own
// money coming back (退汇).
func (p *parser) entry(ours account, e entry) error {
	status := cmp.Or(strings.TrimSpace(e.Status.Code), strings.TrimSpace(e.Status.Text))
	if status == "BOOK" && isTrue(e.Reversal) && strings.TrimSpace(e.Direction) == "DBIT" {
		p.reversed++
	}
	if strings.TrimSpace(e.Direction) != "CRDT" || status != "BOOK" || isTrue(e.Reversal) {
		return nil
	}
	at, err := bookedAt(e)
	if err != nil {
		return err
	}
	parts, err := split(e)
	if err != nil {
		return err
	}
	if len(p.credits)+len(parts) > maxLines {
		return fmt.Errorf("more than %d credits", maxLines)
	}
	for i, part := range parts {
		c := flows.Credit{
			At: at, Amount: part.fen, Currency: part.currency,
			To:           cmp.Or(part.Parties.CreditorAccount.number(), ours.number()),
			Payer:        flows.Conceal(cmp.Or(strings.TrimSpace(part.Parties.Debtor.Name), strings.TrimSpace(part.Parties.Debtor.Party))),
			PayerAccount: flows.Conceal(part.Parties.DebtorAccount.number()),
			Remark:       flows.Conceal(remark(part.Remarks, e.Text)),
		}
		c.Ref = strings.TrimSpace(cmp.Or(part.Ref, e.Ref))
		switch {
		case c.Ref == "":
			c.Ref = p.hash(c)
		case len(parts) > 1: // some banks give a whole batch one reference
			c.Ref += "/" + strconv.Itoa(i+1)
		}
		p.credits = append(p.credits, c)
	}
	return nil
}

// hash names a credit that the bank gives no reference by what it says.
func (p *parser) hash(c flows.Credit) string {
	says := strings.Join([]string{
		c.To, c.At.UTC().Format(time.RFC3339Nano), c.Amount.String(), c.Currency,
		c.Payer.Reveal(), c.PayerAccount.Reveal(), c.Remark.Reveal(),
	}, "\x00")
	p.twins[says]++
	sum := sha256.Sum256([]byte(says + "\x00" + strconv.Itoa(p.twins[says])))
	return hex.EncodeToString(sum[:16])
}

// part is one transaction with the amount it was read to have.
type part struct {
	detail

	fen      flows.Fen
	currency string
}

// split gives the transactions of an entry. A batch whose parts do not add up
// stays one credit, by nobody: a person has to look at it.
func split(e entry) ([]part, error) {
	total, err := fen(e.Amount)
	if err != nil {
		return nil, err
	}
	whole := part{fen: total, currency: e.Amount.Currency}
	if len(e.Details) == 1 {
		whole.detail = e.Details[0]
		return []part{whole}, nil
	}
	var parts []part
	var sum flows.Fen
	for _, d := range e.Details {
		if d.Amount == nil || d.Amount.Currency != e.Amount.Currency {
			return []part{whole}, nil
		}
		amount, err := fen(*d.Amount)
		if err != nil {
			return nil, err
		}
		sum += amount
		parts = append(parts, part{d, amount, e.Amount.Currency})
	}
	if len(parts) == 0 || sum != total {
		return []part{whole}, nil
	}
	return parts, nil
}

// fen reads an amount of up to five decimals, of which only two may count.
func fen(a amount) (flows.Fen, error) {
	text := strings.TrimSpace(a.Text)
	if whole, cents, dotted := strings.Cut(text, "."); dotted && len(cents) > 2 {
		text = whole + "." + cents[:2] + strings.TrimRight(cents[2:], "0")
	}
	if len(a.Currency) != 3 {
		return 0, errors.New("amount without a currency")
	}
	n, err := flows.ParseFen(text)
	if err != nil {
		return 0, errors.New("amount is not one")
	}
	return n, nil
}

// bookedAt is when a line was booked: a time, a time without a zone, or a day.
func bookedAt(e entry) (time.Time, error) {
	moment, day := strings.TrimSpace(e.Booked.Time), strings.TrimSpace(e.Booked.Date)
	if at, err := time.Parse(time.RFC3339, moment); err == nil {
		return at, nil
	}
	if at, err := time.ParseInLocation("2006-01-02T15:04:05", moment, beijing); err == nil {
		return at, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, day, beijing)
	if err != nil {
		return time.Time{}, errors.New("time of booking is not one")
	}
	return at, nil
}

// remark is what the payer wrote, or what the bank wrote about the line.
func remark(lines []string, text string) string {
	all := strings.TrimSpace(cmp.Or(strings.Join(lines, " "), text))
	if len(all) > maxRemark {
		all = strings.ToValidUTF8(all[:maxRemark], "")
	}
	return all
}

func (a account) number() string { return strings.TrimSpace(cmp.Or(a.Other, a.IBAN)) }

func isTrue(text string) bool {
	text = strings.TrimSpace(text)
	return text == "true" || text == "1"
}
