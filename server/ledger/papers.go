package ledger

// Papers: photographs and PDFs that applicants send in to be looked at. They go
// with the review that they are for, and none is kept longer than it is needed.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/server/desk"
)

type paperRow struct {
	bun.BaseModel `bun:"table:paper"`

	ID     string      `bun:"id,pk"`
	Talk   desk.TalkID `bun:"talk"`
	Review string      `bun:"review"`
	Kind   string      `bun:"kind"`
	Size   int         `bun:"size"`
	Sealed string      `bun:"sealed"`
	At     int64       `bun:"at"`
}

// Paper is one file.
type Paper struct {
	ID   string
	Kind string // media type
	Size int    // bytes
	At   time.Time
}

// papersAtOnce bounds what one talk may have lying here.
const papersAtOnce = 12

// KeepPaper keeps a file of an applicant, the same once. [desk.ErrBusy] when too
// many lie here already.
func (l *Ledger) KeepPaper(ctx context.Context, talk desk.TalkID, kind string, body []byte, at time.Time) error {
	sum := sha256.Sum256(append([]byte(talk+"\x00"), body...))
	row := paperRow{ID: hex.EncodeToString(sum[:16]), Talk: talk, Kind: kind, Size: len(body), At: millis(at)}
	var err error
	if row.Sealed, err = l.seal(paperPlace(row.ID), body); err != nil {
		return err
	}
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		n, err := tx.NewSelect().Model((*paperRow)(nil)).Where("talk = ? AND id <> ?", talk, row.ID).Count(ctx)
		if err != nil {
			return fmt.Errorf("ledger: papers of %s: %w", talk, err)
		}
		if n >= papersAtOnce {
			return fmt.Errorf("ledger: papers of %s: %w", talk, desk.ErrBusy)
		}
		_, err = once(ctx, tx, &row)
		return err
	})
}

// NewPapers counts the files of a talk that no review has yet.
func (l *Ledger) NewPapers(ctx context.Context, talk desk.TalkID) (int, error) {
	return newPapers(ctx, l.read, talk)
}

func newPapers(ctx context.Context, db bun.IDB, talk desk.TalkID) (int, error) {
	n, err := db.NewSelect().Model((*paperRow)(nil)).Where("talk = ? AND review = ''", talk).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("ledger: papers of %s: %w", talk, err)
	}
	return int(n), nil
}

// ReadPaper returns a file to a member of staff, and notes that they saw it.
func (l *Ledger) ReadPaper(ctx context.Context, id, by string, at time.Time) (kind string, body []byte, err error) {
	row := paperRow{ID: id}
	err = l.tx(ctx, func(ctx context.Context, tx txn) error {
		if err := found(tx.NewSelect().Model(&row).WherePK().Scan(ctx), "paper "+id); err != nil {
			return err
		}
		return l.audit(ctx, tx, audited{Actor: by, Did: "looked at a paper", Talk: row.Talk, About: row.Review + "/" + id, At: at})
	})
	if err != nil {
		return "", nil, err
	}
	return row.Kind, body, l.unseal(paperPlace(id), row.Sealed, &body)
}

func (l *Ledger) papersOf(ctx context.Context, db bun.IDB, review string) ([]Paper, error) {
	var rows []paperRow
	err := db.NewSelect().Model(&rows).Column("id", "kind", "size", "at").Where("review = ?", review).Order("at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: papers of review %s: %w", review, err)
	}
	all := make([]Paper, len(rows))
	for i, row := range rows {
		all[i] = Paper{ID: row.ID, Kind: row.Kind, Size: row.Size, At: moment(row.At)}
	}
	return all, nil
}

// attachPapers gives the new files of a talk to a review, and says how many it
// was.
func (l *Ledger) attachPapers(ctx context.Context, tx txn, talk desk.TalkID, review string) (int64, error) {
	result, err := tx.NewUpdate().Model((*paperRow)(nil)).Set("review = ?", review).Where("talk = ? AND review = ''", talk).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("ledger: papers of %s: %w", talk, err)
	}
	return result.RowsAffected()
}

// dropPapers deletes the files of a talk, and what stood on them.
func (l *Ledger) dropPapers(ctx context.Context, tx txn, talk desk.TalkID) error {
	_, files := tx.NewDelete().Model((*paperRow)(nil)).Where("talk = ?", talk).Exec(ctx)
	_, numbers := tx.NewUpdate().Model((*reviewRow)(nil)).Set("sealed = ''").Where("talk = ?", talk).Exec(ctx)
	if err := errors.Join(files, numbers); err != nil {
		return fmt.Errorf("ledger: papers of %s: %w", talk, err)
	}
	return nil
}

func paperPlace(id string) string { return "paper/" + id }
