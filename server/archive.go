package server

// Transcripts leave Redis for the ledger, where they stay.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"certdesk/server/desk"
)

const (
	archiveEvery  = 15 * time.Second
	archiveAtOnce = 64 // talks in one transaction of the ledger
)

// archive copies transcripts into the ledger within a minute of the last line.
func (s *Server) archive(ctx context.Context) {
	every(ctx, archiveEvery, func() {
		if err := s.archiveOnce(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("transcripts were not archived", slog.Any("error", err))
		}
	})
}

// archiveOnce rests between two batches as long as the first took: applicants
// who are answered meanwhile should not feel it.
func (s *Server) archiveOnce(ctx context.Context) error {
	before := s.now().Add(-archiveEvery)
	ids, err := s.talks.Fresh(ctx, before)
	if err != nil {
		return err
	}
	var errs []error // of one batch: the others are archived all the same
	for batch := range slices.Chunk(ids, archiveAtOnce) {
		began := time.Now()
		errs = append(errs, s.archiveTalks(ctx, batch))
		select {
		case <-ctx.Done():
			return errors.Join(append(errs, ctx.Err())...)
		case <-time.After(time.Since(began)):
		}
	}
	return errors.Join(errs...)
}

// archiveTalks goes on where the archive stands. Another process may do the
// same at once: the ledger takes the lines of one of them, and says how far the
// archive got. A talk that cannot be read is named in the error, stays fresh,
// and the others are archived.
func (s *Server) archiveTalks(ctx context.Context, ids []desk.TalkID) error {
	marks, err := s.book.Marks(ctx, ids)
	if err != nil {
		return err
	}
	at := s.now()
	passages, unread := s.talks.Passages(ctx, marks)
	for _, id := range ids {
		if _, known := marks[id]; !known {
			unread = errors.Join(unread, fmt.Errorf("server: archive %s: %w", id, desk.ErrUnknown))
		}
	}
	if err := s.book.Archive(ctx, passages...); err != nil {
		return errors.Join(unread, err)
	}
	read := make([]desk.TalkID, len(passages))
	for i, p := range passages {
		read[i] = p.Talk
	}
	if marks, err = s.book.Marks(ctx, read); err != nil {
		return errors.Join(unread, err)
	}
	return errors.Join(unread, s.talks.Archived(ctx, at, marks))
}
