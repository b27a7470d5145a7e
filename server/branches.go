package server

import (
	"context"
	"io"

	"certdesk/server/bank"
	"certdesk/server/ledger"
)

// ImportBranches enters a list of banks' branches, all of it or nothing, and
// tells how many the list has and how many are known now. By is who brought
// it, for the audit trail.
func (s *Server) ImportBranches(ctx context.Context, file io.Reader, by string) (listed, known int64, err error) {
	all, digest, err := bank.ReadBranches(file)
	if err != nil {
		return 0, 0, err
	}
	known, err = s.book.EnterBranches(ctx, ledger.BranchFile{Digest: digest, Branches: all, By: by}, s.now())
	return int64(len(all)), known, err
}
