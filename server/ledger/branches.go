package ledger

// Branches of banks: public facts that an operator brings as a file, so that
// whom money is sent to chooses a branch instead of typing its code.

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
)

type branchRow struct {
	bun.BaseModel `bun:"table:branch"`

	Code     string `bun:"code,pk"`
	Bank     string `bun:"bank"`
	Province string `bun:"province"`
	City     string `bun:"city"`
	Name     string `bun:"name"`
}

// BranchFile is a list of branches that somebody brought.
type BranchFile struct {
	Digest   string // of the file
	Branches []flows.Branch
	By       string // who brought it
}

const branchesAtOnce = 500 // in one statement

// EnterBranches enters the branches of a file, all or none: a new one is
// added, a known one is as the file has it. One that the file does not name
// stays, for files are brought a bank or a province at a time. It returns how
// many branches are known then.
func (l *Ledger) EnterBranches(ctx context.Context, f BranchFile, at time.Time) (known int64, err error) {
	err = l.tx(ctx, func(ctx context.Context, tx txn) error {
		for part := range slices.Chunk(f.Branches, branchesAtOnce) {
			rows := make([]branchRow, len(part))
			for i, b := range part {
				rows[i] = branchRow{Code: b.Code, Bank: b.Bank, Province: b.Province, City: b.City, Name: b.Name}
			}
			_, err := tx.NewInsert().Model(&rows).On("CONFLICT (code) DO UPDATE").
				Set("bank = EXCLUDED.bank, province = EXCLUDED.province, city = EXCLUDED.city, name = EXCLUDED.name").Exec(ctx)
			if err != nil {
				return fmt.Errorf("ledger: branches: %w", err)
			}
		}
		var err error
		if known, err = tx.NewSelect().Model((*branchRow)(nil)).Count(ctx); err != nil {
			return fmt.Errorf("ledger: branches: %w", err)
		}
		return l.audit(ctx, tx, audited{
			Actor: f.By, Did: "imported branches", About: "branches/" + f.Digest, Detail: fmt.Sprint(len(f.Branches)), At: at,
		})
	})
	return known, err
}

const branchesFound = 20 // shown at once: who finds more says more

// Branches finds branches by their bank, their city and words of their names,
// at most twenty, in the order of their names. There are none when no file was
// brought.
func (l *Ledger) Branches(ctx context.Context, q flows.BranchQuery) ([]flows.Branch, error) {
	return branches(ctx, l.read, q)
}

func branches(ctx context.Context, db bun.IDB, q flows.BranchQuery) ([]flows.Branch, error) {
	var rows []branchRow
	find := db.NewSelect().Model(&rows).Order("name", "code").Limit(branchesFound)
	if q.Bank != "" {
		find = find.Where("bank = ?", q.Bank)
	}
	if q.City != "" {
		find = find.Where("city = ?", q.City)
	}
	for _, word := range strings.Fields(q.Words) {
		find = find.Where(`name LIKE ? ESCAPE '!'`, "%"+literally.Replace(word)+"%")
	}
	if err := find.Scan(ctx); err != nil {
		return nil, fmt.Errorf("ledger: branches: %w", err)
	}
	found := make([]flows.Branch, len(rows))
	for i, r := range rows {
		found[i] = flows.Branch{Code: r.Code, Bank: r.Bank, Province: r.Province, City: r.City, Name: r.Name}
	}
	return found, nil
}

// literally makes a word mean itself in a pattern.
var literally = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
