package desk

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"certdesk/flows"
)

// Branches knows branches of banks: an operator's list, or somebody who has one.
type Branches interface {
	// Branches finds what may be the branch that is looked for; what it returns
	// need not fit. None is no error; [ErrUnknown] is, when there is no list.
	Branches(ctx context.Context, q flows.BranchQuery) ([]flows.Branch, error)
}

// searchesFor is how long one list may take while somebody waits.
const searchesFor = 8 * time.Second

// findBranch asks one list after the other until one has what fits. The search
// saves typing and no more, so a list that fails is none and is not asked again.
func (d *Desk) findBranch(ctx context.Context, ref Ref) error {
	facts, err := d.cfg.Ledger.Facts(ctx, ref.Talk)
	if err != nil {
		return err
	}
	asked := facts.Form.BranchQuery()
	var told flows.Happening = flows.BranchesUnknown{}
	for _, list := range d.cfg.Partners.Branches {
		searching, enough := context.WithTimeout(ctx, searchesFor)
		all, err := list.Branches(searching, asked)
		enough()
		if ctx.Err() != nil {
			return ctx.Err() // we are stopping
		}
		if err != nil {
			if !errors.Is(err, ErrUnknown) {
				d.cfg.Log.Warn("a list of branches was not searched", slog.String("effect", ref.String()), slog.Any("error", err))
			}
			continue
		}
		found := asked.Found(all)
		told = found
		if len(found.Branches) > 0 {
			break
		}
	}
	return d.answer(ctx, ref, told)
}
