package ledger

// Facts: how far an applicant has got, read from the tables that say so. They
// are all that is left of a talk when Redis is lost.

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Facts implements [desk.Book]. All of it is read at one moment; a talk that
// the ledger does not know has no facts, which is no error.
func (l *Ledger) Facts(ctx context.Context, id desk.TalkID) (flows.Facts, error) {
	facts := flows.Facts{}
	parts := []func(context.Context, bun.IDB, desk.TalkID, *flows.Facts) error{
		l.talkFacts, l.consentFacts, l.accountFacts, l.personFacts, l.orderFacts,
	}
	err := l.read.RunInTx(ctx, l.snapshot, func(ctx context.Context, tx bun.Tx) error {
		for _, part := range parts {
			if err := part(ctx, tx, id, &facts); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return flows.Facts{}, fmt.Errorf("ledger: facts of %s: %w", id, err)
	}
	return facts, nil
}

// talkFacts reads who owns the talk and what was saved. Begun is true as soon
// as there is a trace of any decision.
func (l *Ledger) talkFacts(ctx context.Context, db bun.IDB, id desk.TalkID, f *flows.Facts) error {
	row := talkRow{ID: id}
	err := db.NewSelect().Model(&row).WherePK().Scan(ctx)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Owner = flows.Owner{Kind: row.OwnerKind, Agent: row.OwnerAgent, Name: row.OwnerName, Epoch: row.OwnerEpoch}
	f.Cancelled = row.CancelledAt != 0
	f.Moved = row.MovedTo != ""
	if f.Form, err = l.saved(ctx, db, id); err != nil {
		return err
	}
	var pages []flows.PageID
	if err := db.NewSelect().Model((*pageRow)(nil)).Column("name").Where("talk = ?", id).Scan(ctx, &pages); err != nil {
		return err
	}
	f.Saved = map[flows.PageID]bool{}
	for _, name := range pages {
		f.Saved[name] = true
	}
	delete(f.Form, flows.KeyPassword)
	delete(f.Form, flows.KeyCode)
	f.Begun, err = db.NewSelect().Model((*effectRow)(nil)).Where("talk = ?", id).Exists(ctx)
	f.Begun = f.Begun || len(f.Form) > 0
	return err
}

// consentFacts reads which version of each document was agreed to last, unless
// that was taken back.
func (l *Ledger) consentFacts(ctx context.Context, db bun.IDB, id desk.TalkID, f *flows.Facts) error {
	var rows []consentRow
	if err := db.NewSelect().Model(&rows).Where("talk = ? AND withdrawn_at = 0", id).Order("at").Scan(ctx); err != nil {
		return err
	}
	f.Agreed = map[string]flows.Consent{}
	for _, row := range rows {
		f.Agreed[row.Document] = flows.Consent{Version: row.Version, At: moment(row.At)}
	}
	return nil
}

func (l *Ledger) accountFacts(ctx context.Context, db bun.IDB, id desk.TalkID, f *flows.Facts) error {
	var err error
	f.Registered, err = db.NewSelect().Model((*accountRow)(nil)).Where("talk = ?", id).Exists(ctx)
	return err
}

func (l *Ledger) personFacts(ctx context.Context, db bun.IDB, id desk.TalkID, f *flows.Facts) error {
	var err error
	f.PersonVerified, err = db.NewSelect().Model((*checkRow)(nil)).
		Where("talk = ? AND state = ?", id, checkPassed).Exists(ctx)
	return err
}
