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
	"certdesk/server/desk"
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

const branchesFound = 20 // at once: who is not among them says more

// Branches implements [desk.Branches]: branches of the bank in the city, or when
// none fits there in the province, by words of their names. The short names come
// first: the one that says no more than was asked for is among them.
func (l *Ledger) Branches(ctx context.Context, q flows.BranchQuery) ([]flows.Branch, error) {
	for _, place := range []struct{ column, name string }{{"city", q.City}, {"province", q.Province}} {
		var rows []branchRow
		find := l.read.NewSelect().Model(&rows).OrderExpr("LENGTH(name), name, code").Limit(branchesFound).
			Where("bank = ? AND ? = ?", q.Bank, bun.Ident(place.column), place.name)
		for _, word := range q.Words() {
			find = find.Where(`name LIKE ? ESCAPE '!'`, "%"+literally.Replace(word)+"%")
		}
		if err := find.Scan(ctx); err != nil {
			return nil, fmt.Errorf("ledger: branches: %w", err)
		}
		if len(rows) > 0 {
			return branches(rows), nil
		}
	}
	known, err := l.read.NewSelect().Model((*branchRow)(nil)).Exists(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: branches: %w", err)
	}
	if !known {
		return nil, fmt.Errorf("ledger: branches: %w", desk.ErrUnknown)
	}
	return nil, nil
}

func branches(rows []branchRow) []flows.Branch {
	found := make([]flows.Branch, len(rows))
	for i, r := range rows {
		found[i] = flows.Branch{Code: r.Code, Bank: r.Bank, Province: r.Province, City: r.City, Name: r.Name}
	}
	return found
}

// literally makes a word mean itself in a pattern.
var literally = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
