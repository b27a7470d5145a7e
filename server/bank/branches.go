package bank

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"certdesk/flows"
)

// Bounds of a list of branches. The whole country has some 150,000.
const (
	MaxBranchFile = 32 << 20
	maxBranches   = 300_000
	maxCell       = 100 // runes
)

// ErrBranches is returned for a file that is not a list of branches.
var ErrBranches = errors.New("bank: not a list of branches")

var branchColumns = []string{"联行号", "银行", "省份", "城市", "支行名称"}

// ReadBranches reads a list of branches, and tells the file's digest: CSV in
// UTF-8 or GB18030 with the columns 联行号, 银行, 省份, 城市, 支行名称, in this
// order, under a line with their names. The name of a bank that
// [flows.FindBank] knows, and of a city that is short, become whole; that of any
// other bank becomes [flows.PlainBank]. A line
// that cannot be right, and two lines with one code that differ, refuse the
// whole file with [ErrBranches]; the same line may come twice.
func ReadBranches(r io.Reader) (all []flows.Branch, digest string, err error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxBranchFile+1))
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("%w: %w", ErrBranches, err)
	case len(body) > MaxBranchFile:
		return nil, "", fmt.Errorf("%w: longer than such a list may be", ErrBranches)
	}
	text, err := decoded(body)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrBranches, err)
	}
	known := map[string]flows.Branch{}
	line, headed := 0, false
	for row, err := range records(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), ',') {
		line++
		switch {
		case err != nil:
			return nil, "", fmt.Errorf("%w: %w", ErrBranches, err)
		case len(row) == 0:
			continue
		case !headed:
			if !sameHeader(row) {
				return nil, "", fmt.Errorf("%w: its first line is not %s", ErrBranches, strings.Join(branchColumns, ","))
			}
			headed = true
			continue
		}
		b, err := readBranch(row)
		if err != nil {
			return nil, "", fmt.Errorf("%w: line %d: %w", ErrBranches, line, err)
		}
		switch before, twice := known[b.Code]; {
		case twice && before != b:
			return nil, "", fmt.Errorf("%w: line %d: %s has another name above", ErrBranches, line, b.Code)
		case twice:
			continue
		case len(all) == maxBranches:
			return nil, "", fmt.Errorf("%w: more than %d", ErrBranches, maxBranches)
		}
		known[b.Code] = b
		all = append(all, b)
	}
	if len(all) == 0 {
		return nil, "", fmt.Errorf("%w: it has none", ErrBranches)
	}
	sum := sha256.Sum256(body)
	return all, hex.EncodeToString(sum[:]), nil
}

func sameHeader(row []string) bool {
	if len(row) != len(branchColumns) {
		return false
	}
	for i, name := range branchColumns {
		if strings.TrimSpace(row[i]) != name {
			return false
		}
	}
	return true
}

func readBranch(row []string) (flows.Branch, error) {
	if len(row) != len(branchColumns) {
		return flows.Branch{}, fmt.Errorf("%d columns, not %d", len(row), len(branchColumns))
	}
	cells := make([]string, len(row))
	for i, cell := range row {
		cells[i] = strings.Clone(strings.TrimSpace(cell))
		n := utf8.RuneCountInString(cells[i])
		if n == 0 || n > maxCell || strings.ContainsFunc(cells[i], isControl) {
			return flows.Branch{}, fmt.Errorf("the %s is empty, too long, or holds what is no text", branchColumns[i])
		}
	}
	code, err := flows.ReadBranchCode(cells[0])
	if err != nil {
		return flows.Branch{}, err
	}
	b := flows.Branch{Code: code.Digits, Bank: flows.PlainBank(cells[1]), Province: cells[2], City: flows.WholeCity(cells[3]), Name: cells[4]}
	if bank, ok := flows.FindBank(b.Bank); ok && bank.Code == b.Code[:3] && code.Bank != "" {
		b.Bank = bank.Name
	}
	return b, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
