package ledger

// The archive of transcripts. Redis keeps the last lines of a talk; within a
// minute they are here for good.

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"certdesk/server/desk"
)

// Marks returns the mark after the last archived line of each talk: where to go
// on reading [desk.Transcripts]. A talk that is unknown is not in the answer.
func (l *Ledger) Marks(ctx context.Context, talks []desk.TalkID) (map[desk.TalkID]string, error) {
	marks := make(map[desk.TalkID]string, len(talks))
	if len(talks) == 0 {
		return marks, nil
	}
	var rows []talkRow
	if err := l.read.NewSelect().Model(&rows).Column("id", "archived").Where("id IN (?)", bun.List(talks)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("ledger: marks of %d talks: %w", len(talks), err)
	}
	for _, row := range rows {
		marks[row.ID] = row.Archived
	}
	return marks, nil
}

// Archive adds passages of talks that are known, no two of the same, in one
// transaction. Where the archive does not stand at a passage's first mark any
// more, somebody else has archived it, and it is left out.
func (l *Ledger) Archive(ctx context.Context, passages ...desk.Passage) error {
	passages = slices.DeleteFunc(slices.Clone(passages), func(p desk.Passage) bool { return len(p.Lines) == 0 })
	if len(passages) == 0 {
		return nil
	}
	err := l.tx(ctx, func(ctx context.Context, tx txn) error { return l.archive(ctx, tx, passages) })
	if err != nil {
		return fmt.Errorf("ledger: archive %d passages: %w", len(passages), err)
	}
	return nil
}

func (l *Ledger) archive(ctx context.Context, tx txn, passages []desk.Passage) error {
	var moves []any
	for _, p := range passages {
		moves = append(moves, p.Talk, p.After, p.Mark)
	}
	var ours []desk.TalkID
	err := tx.NewRaw("UPDATE talk SET archived = v.column3 FROM (VALUES "+strings.TrimSuffix(strings.Repeat("(?, ?, ?), ", len(passages)), ", ")+
		") AS v WHERE talk.id = v.column1 AND talk.archived = v.column2 RETURNING talk.id", moves...).Scan(ctx, &ours)
	if err != nil || len(ours) == 0 {
		return err
	}
	var lasts []transcriptRow
	err = tx.NewSelect().Model(&lasts).Column("talk").ColumnExpr("MAX(seq) AS seq").Where("talk IN (?)", bun.List(ours)).Group("talk").Scan(ctx)
	if err != nil {
		return err
	}
	last := make(map[desk.TalkID]int64, len(lasts))
	for _, row := range lasts {
		last[row.Talk] = row.Seq
	}
	var rows []transcriptRow
	for _, p := range passages {
		if !slices.Contains(ours, p.Talk) {
			continue
		}
		row := transcriptRow{Talk: p.Talk, Seq: last[p.Talk] + int64(len(p.Lines)), At: millis(p.Lines[len(p.Lines)-1].At)}
		if row.Sealed, err = l.seal(linePlace(row), p.Lines); err != nil {
			return err
		}
		rows = append(rows, row)
	}
	_, err = tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// Archived returns the archived transcript of a talk, oldest line first.
func (l *Ledger) Archived(ctx context.Context, talk desk.TalkID) ([]desk.Line, error) {
	var rows []transcriptRow
	if err := l.read.NewSelect().Model(&rows).Where("talk = ?", talk).Order("seq").Scan(ctx); err != nil {
		return nil, fmt.Errorf("ledger: transcript of %s: %w", talk, err)
	}
	var lines []desk.Line
	for _, row := range rows {
		said, err := l.passage(row)
		if err != nil {
			return nil, err
		}
		lines = append(lines, said...)
	}
	return lines, nil
}

// passage opens a row. The first releases sealed each line by itself.
func (l *Ledger) passage(row transcriptRow) (lines []desk.Line, err error) {
	if err = l.unseal(linePlace(row), row.Sealed, &lines); err == nil {
		return lines, nil
	}
	var line desk.Line
	if l.unseal(linePlace(row), row.Sealed, &line) == nil {
		return []desk.Line{line}, nil
	}
	return nil, err
}

func linePlace(row transcriptRow) string { return fmt.Sprintf("transcript/%s/%d", row.Talk, row.Seq) }
