package ledger

// Pages: what applicants told us, sealed under the page they told it on, and
// what reports taught us, under "learned:" and the report's kind.

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

// saved merges all saved pages of a talk: of two answers under one key the
// later one counts, except that nothing typed replaces the name and number of a
// person who is proved. Passwords and codes are in it while they wait for the
// registration; what leaves the ledger goes through [Ledger.Facts].
func (l *Ledger) saved(ctx context.Context, db bun.IDB, talk desk.TalkID) (flows.Form, error) {
	var rows []pageRow
	if err := db.NewSelect().Model(&rows).Where("talk = ?", talk).OrderBy("turn", bun.OrderAsc).Scan(ctx); err != nil {
		return nil, fmt.Errorf("ledger: pages of %s: %w", talk, err)
	}
	form := flows.Form{}
	for _, row := range rows {
		page, err := l.openPage(row)
		if err != nil {
			return nil, err
		}
		maps.Copy(form, page)
	}
	return form, errors.Join(l.proveForm(ctx, db, talk, form), l.paidForm(ctx, db, talk, form))
}

// learned keeps what a report tells, so that a talk resumed from the facts
// speaks the same words.
func (l *Ledger) learned(ctx context.Context, tx txn, talk desk.TalkID, what flows.Happening, at time.Time) error {
	return l.save(ctx, tx, talk, flows.LearnedPage(what.Kind()), flows.Learned(what), at)
}

// save merges answers into a page; an empty answer removes the one before.
func (l *Ledger) save(ctx context.Context, tx txn, talk desk.TalkID, name flows.PageID, answers flows.Form, at time.Time) error {
	row := pageRow{Talk: talk, Name: name}
	err := tx.NewSelect().Model(&row).WherePK().Scan(ctx)
	if err != nil && !missing(err) {
		return fmt.Errorf("ledger: page %s of %s: %w", name, talk, err)
	}
	page := flows.Form{}
	if row.Sealed != "" {
		if page, err = l.openPage(row); err != nil {
			return err
		}
	}
	for k, v := range answers {
		page[k] = v
		if v.IsZero() {
			delete(page, k)
		}
	}
	return l.putPage(ctx, tx, row, page, at)
}

func (l *Ledger) putPage(ctx context.Context, tx txn, row pageRow, page flows.Form, at time.Time) error {
	var err error
	if row.Sealed, err = l.seal(pagePlace(row), page); err != nil {
		return err
	}
	row.At = millis(at)
	if err := tx.NewSelect().Model((*pageRow)(nil)).ColumnExpr("COALESCE(MAX(turn), 0) + 1").
		Where("talk = ?", row.Talk).Scan(ctx, &row.Turn); err != nil {
		return fmt.Errorf("ledger: pages of %s: %w", row.Talk, err)
	}
	_, err = tx.NewInsert().Model(&row).On("CONFLICT (talk, name) DO UPDATE").
		Set("sealed = EXCLUDED.sealed").Set("turn = EXCLUDED.turn").Set("at = EXCLUDED.at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: page %s of %s: %w", row.Name, row.Talk, err)
	}
	return nil
}

func (l *Ledger) openPage(row pageRow) (flows.Form, error) {
	page := flows.Form{}
	err := l.unseal(pagePlace(row), row.Sealed, &page)
	return page, err
}

func pagePlace(row pageRow) string { return fmt.Sprintf("page/%s/%s", row.Talk, row.Name) }

// forget removes answers from every saved page of a talk, and pages on which
// nothing is left.
func (l *Ledger) forget(ctx context.Context, tx txn, talk desk.TalkID, keys ...flows.Key) error {
	var rows []pageRow
	if err := tx.NewSelect().Model(&rows).Where("talk = ?", talk).Scan(ctx); err != nil {
		return fmt.Errorf("ledger: pages of %s: %w", talk, err)
	}
	for _, row := range rows {
		page, err := l.openPage(row)
		if err != nil {
			return err
		}
		has := slices.ContainsFunc(keys, page.Has)
		for _, k := range keys {
			delete(page, k)
		}
		if len(page) == 0 {
			if _, err := tx.NewDelete().Model(&row).WherePK().Exec(ctx); err != nil {
				return fmt.Errorf("ledger: page %s of %s: %w", row.Name, talk, err)
			}
			continue
		}
		if !has {
			continue
		}
		if row.Sealed, err = l.seal(pagePlace(row), page); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(&row).Column("sealed").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("ledger: page %s of %s: %w", row.Name, talk, err)
		}
	}
	return nil
}
