package ledger

// The archive of transcripts. Redis keeps the last lines of a talk; within a
// minute they are here for good.

import (
	"context"
	"fmt"

	"certdesk/server/desk"
)

// Mark returns the mark after the last archived line of a talk: where to go on
// reading [desk.Transcripts].
func (l *Ledger) Mark(ctx context.Context, talk desk.TalkID) (string, error) {
	row := talkRow{ID: talk}
	err := l.read.NewSelect().Model(&row).Column("archived").WherePK().Scan(ctx)
	if missing(err) {
		return "", desk.ErrUnknown
	}
	if err != nil {
		return "", fmt.Errorf("ledger: mark of %s: %w", talk, err)
	}
	return row.Archived, nil
}

// Archive adds the lines that were said between two marks. When the
// archive does not stand at the first mark any more, somebody else has
// archived them: it adds nothing and returns [desk.ErrStale].
func (l *Ledger) Archive(ctx context.Context, talk desk.TalkID, after, mark string, lines []desk.Line) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		result, err := tx.NewUpdate().Model((*talkRow)(nil)).Set("archived = ?", mark).
			Where("id = ? AND archived = ?", talk, after).Exec(ctx)
		if err != nil {
			return fmt.Errorf("ledger: archive %s: %w", talk, err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return desk.ErrStale
		}
		return l.addLines(ctx, tx, talk, lines)
	})
}

func (l *Ledger) addLines(ctx context.Context, tx txn, talk desk.TalkID, lines []desk.Line) error {
	if len(lines) == 0 {
		return nil
	}
	var last int64
	err := tx.NewSelect().Model((*transcriptRow)(nil)).ColumnExpr("COALESCE(MAX(seq), 0)").Where("talk = ?", talk).Scan(ctx, &last)
	if err != nil {
		return fmt.Errorf("ledger: archive %s: %w", talk, err)
	}
	rows := make([]transcriptRow, len(lines))
	for i, line := range lines {
		rows[i] = transcriptRow{Talk: talk, Seq: last + int64(i) + 1, At: millis(line.At)}
		if rows[i].Sealed, err = l.seal(linePlace(rows[i]), line); err != nil {
			return err
		}
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("ledger: archive %s: %w", talk, err)
	}
	return nil
}

// Archived returns the archived transcript of a talk, oldest line first.
func (l *Ledger) Archived(ctx context.Context, talk desk.TalkID) ([]desk.Line, error) {
	var rows []transcriptRow
	if err := l.read.NewSelect().Model(&rows).Where("talk = ?", talk).Order("seq").Scan(ctx); err != nil {
		return nil, fmt.Errorf("ledger: transcript of %s: %w", talk, err)
	}
	lines := make([]desk.Line, len(rows))
	for i, row := range rows {
		if err := l.unseal(linePlace(row), row.Sealed, &lines[i]); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

func linePlace(row transcriptRow) string { return fmt.Sprintf("transcript/%s/%d", row.Talk, row.Seq) }
