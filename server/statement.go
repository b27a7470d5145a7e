package server

import (
	"context"
	"io"
	"time"

	"certdesk/server/bank"
	"certdesk/server/ledger"
)

// Imported says what became of the lines of a statement.
type Imported struct {
	ledger.Tally

	Reversed int // payments that the bank took back; they are not entered
}

// ImportStatement enters what came in according to a file of the bank. Lines
// that are known are not entered again, so a file may be imported twice. By is
// who brought it, for the audit trail.
func (s *Server) ImportStatement(ctx context.Context, file io.Reader, by string) (Imported, error) {
	return importStatement(ctx, s.book, s.cfg.Bank.Account, file, by, s.now())
}

func importStatement(ctx context.Context, book *ledger.Ledger, account string, file io.Reader, by string, at time.Time) (Imported, error) {
	s, err := bank.Read(file, account)
	if err != nil {
		return Imported{}, err
	}
	tally, err := book.EnterStatement(ctx, ledger.Statement{Digest: s.Digest, Credits: s.Credits, By: by}, at)
	return Imported{tally, s.Reversed}, err
}
