package ledger

// Whether a ledger can be read with the keys at hand: what a restored backup
// must show, and what nothing shows so well as opening every sealed value.

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/uptrace/bun"
)

// sealedColumn is where sealed values are. Place is the SQL for what binds a
// value to its row, as it is written where the value is sealed.
type sealedColumn struct{ table, column, place string }

var sealedColumns = []sealedColumn{
	{"identity", "sealed", "'identity/' || channel"},
	{"page", "sealed", "'page/' || talk || '/' || name"},
	{"account", "login", "'account/' || id || '/login'"},
	{"account", "mobile", "'account/' || id || '/mobile'"},
	{"code", "sealed", "'code/' || id"},
	{"code", "mobile", "'code/' || id || '/mobile'"},
	{"face_check", "person", "'check/' || number"},
	{"effect", "sealed", "'effect/' || talk || '/' || event || '/' || idx"},
	{"report", "sealed", "'report/' || id"},
	{"audit", "sealed", "'audit/' || id"},
	{"transcript", "sealed", "'transcript/' || talk || '/' || seq"},
	{"proof", "company", "'proof/' || number"},
	{"company_grant", "company", "'grant/' || number"},
	{"payout", "company", "'payout/' || number || '/company'"},
	{"payout", "account", "'payout/' || number || '/account'"},
	{"bank_line", "sealed", "'bank/' || ref"},
	{"orders", "sealed", "'order/' || no"},
	{"payment", "buyer", "'payment/' || number"},
	{"scan", "sealed", "'scan/' || shipment || '/' || id"},
	{"certificate", "issued", "'issued/' || order_no"},
	{"making", "pc", "'making/' || token_blind"},
	{"making", "challenge", "'challenge/' || token_blind"},
	{"review", "sealed", "'review/' || number"},
	{"review", "words", "'review/' || number || '/words'"},
	{"paper", "sealed", "'paper/' || id"},
	{"inbox", "sealed", "'inbox/' || id"},
}

// Verified is what came of opening every sealed value. Opened counts those that
// opened, by table and column. Unreadable names those
// that did not open, by table, column and place, at most ten of a column.
type Verified struct {
	Schema     Schema
	Opened     map[string]int
	Unreadable []string
}

const toldOfColumn = 10

// ErrSchema is returned for tables that are not at this release's version.
var ErrSchema = errors.New("ledger: the tables are at another version")

// Verify opens every sealed value of a ledger with the keys of cfg. It changes
// nothing. The tables must be at this release's version: see [Migrate].
func Verify(ctx context.Context, cfg Config) (v Verified, err error) {
	if path, ok := strings.CutPrefix(cfg.DSN, "sqlite:"); ok {
		if _, err := os.Stat(path); err != nil { // opening it would make it
			return v, fmt.Errorf("ledger: verify: %w", err)
		}
	}
	l, err := connect(ctx, cfg)
	if err != nil {
		return v, err
	}
	v.Opened = make(map[string]int)
	defer func() { err = errors.Join(err, l.Close()) }()
	if v.Schema, err = l.engine.schema(ctx, AsIs); err != nil {
		return v, err
	}
	if v.Schema.At != v.Schema.Release {
		return v, fmt.Errorf("%w: %d, and this release's is %d", ErrSchema, v.Schema.At, v.Schema.Release)
	}
	for _, c := range sealedColumns {
		if err := l.verify(ctx, c, &v); err != nil {
			return v, fmt.Errorf("ledger: verify %s.%s: %w", c.table, c.column, err)
		}
	}
	return v, nil
}

// verify reads one column row by row, because a ledger may be large.
func (l *Ledger) verify(ctx context.Context, c sealedColumn, v *Verified) error {
	rows, err := l.read.NewSelect().TableExpr("?", bun.Ident(c.table)).
		ColumnExpr(c.place).ColumnExpr("?", bun.Ident(c.column)).Where("? <> ''", bun.Ident(c.column)).Rows(ctx)
	if err != nil {
		return err
	}
	defer rows.Close()
	told := 0
	for rows.Next() {
		var place, text string
		if err := rows.Scan(&place, &text); err != nil {
			return err
		}
		if l.opens(place, text) {
			v.Opened[c.table+"."+c.column]++
		} else if told++; told <= toldOfColumn {
			v.Unreadable = append(v.Unreadable, c.table+"."+c.column+" "+place)
		}
	}
	return rows.Err()
}

func (l *Ledger) opens(place, text string) bool {
	box, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	_, err = l.cfg.Keys.Open(place, box)
	return err == nil
}
