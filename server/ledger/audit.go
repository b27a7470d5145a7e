package ledger

// The audit trail: who did what to whom, written in the transaction that did
// it. Rows are only ever added.

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"certdesk/server/desk"
)

// audited is one entry. Actor is a member of staff, a partner's name, or empty
// for the applicant; About names the row in question; Detail is sealed.
type audited struct {
	Actor  string
	Did    string // a verb: "registered", "proved", "ordered"
	Talk   desk.TalkID
	About  string
	Detail string
	At     time.Time
}

func (l *Ledger) audit(ctx context.Context, tx txn, a audited) error {
	row := auditRow{
		ID: fmt.Sprintf("%013d%s", millis(a.At), randomName()),
		At: millis(a.At), Actor: a.Actor, Did: a.Did, Talk: a.Talk, About: a.About,
	}
	var err error
	if a.Detail != "" {
		if row.Sealed, err = l.seal("audit/"+row.ID, a.Detail); err != nil {
			return err
		}
	}
	if _, err = tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("ledger: audit: %w", err)
	}
	return nil
}

// randomName is 26 characters, a to z and 2 to 7, of 130 random bits.
func randomName() string { return strings.ToLower(rand.Text()) }
