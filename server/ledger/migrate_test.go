package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
	"certdesk/server/ledger/ledgertest"
)

// Forward and back on a ledger with a customer in it: what an older release
// knows is still there, and the newer one finds its tables again.

func TestMigrateBackAndForward(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l, talk, p := bought(t, 1)
		ctx := t.Context()
		desktest.Save(t, l.Ledger, talk, "kept", flows.PersonPage, "name", "王小明")
		if err := errors.Join(
			l.OfferTicket(ctx, desktest.Ref(talk, "ticket"), monday),
			l.KeepLetter(ctx, "payment", "n1", "refunded", p.Number, "body", monday),
			l.Credited(ctx, flows.Credit{Ref: "R1", At: monday, Amount: 1, Currency: "CNY", To: "6001"}, monday),
			l.Archive(ctx, desk.Passage{Talk: talk, Mark: "1-0", Lines: []desk.Line{{Who: desk.WhoBot, Text: "您好"}}}),
		); err != nil {
			t.Fatal(err)
		}
		was, err := l.engine.schema(ctx, Newest)
		if err != nil || was.At != was.Release || was.At < 2 {
			t.Fatalf("the schema is %+v, %v", was, err)
		}
		for to := was.Release - 1; to >= 1; to-- {
			if names, err := fs.Glob(migrations, fmt.Sprintf("migrations/%04d_*.sql", to)); err != nil || len(names) == 0 {
				continue // a number that was left out
			}
			before := contents(t, l.Ledger)
			back, err := l.engine.schema(ctx, to)
			if err != nil || back.At != to {
				t.Fatalf("back to %d: %+v, %v", to, back, err)
			}
			older := contents(t, l.Ledger)
			wantKept(t, fmt.Sprint("back at ", to), older, before)
			again, err := l.engine.schema(ctx, Newest)
			if err != nil || again != was {
				t.Fatalf("forward from %d: %+v, %v", to, again, err)
			}
			wantKept(t, fmt.Sprint("forward from ", to), older, contents(t, l.Ledger))
			if f := desktest.Facts(t, l.Ledger, talk); f.Form.Text(flows.KeyName) != "王小明" || !f.PersonVerified {
				t.Errorf("after %d and back the ledger knows %v, verified %v", to, f.Form, f.PersonVerified)
			}
		}
		desktest.Enter(t, l.Ledger, talk, "after", flows.VerifyFace{})
	})
}

// row is one row of a table, as text by column.
type row map[string]string

// contents is every row of our tables, by table.
func contents(t *testing.T, l *Ledger) map[string][]row {
	t.Helper()
	list := "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
	if strings.HasPrefix(l.cfg.DSN, "sqlite:") {
		list = "SELECT name FROM sqlite_master WHERE type = 'table'"
	}
	var tables []string
	if err := l.read.NewRaw(list).Scan(t.Context(), &tables); err != nil {
		t.Fatal(err)
	}
	all := map[string][]row{}
	for _, table := range tables {
		if strings.HasPrefix(table, "river") || strings.HasPrefix(table, "goose") || strings.HasPrefix(table, "sqlite") {
			continue
		}
		var rows []map[string]any
		// under a new name each time: the plan of another version has other columns
		if err := l.read.NewRaw("SELECT * FROM ? AS ?", bun.Ident(table), bun.Ident(randomName())).Scan(t.Context(), &rows); err != nil {
			t.Fatal(err)
		}
		all[table] = make([]row, len(rows))
		for i, values := range rows {
			all[table][i] = row{}
			for column, value := range values {
				all[table][i][column] = fmt.Sprint(value)
			}
		}
	}
	return all
}

// wantKept checks that another version of the tables holds the same rows, in
// all columns that the older one knows.
func wantKept(t *testing.T, when string, older, newer map[string][]row) {
	t.Helper()
	if len(older["page"]) == 0 {
		t.Fatalf("%s: the applicant's pages are gone", when)
	}
	for table, rows := range older {
		if len(rows) != len(newer[table]) {
			t.Errorf("%s: %s has %d rows, and %d in the newer version", when, table, len(rows), len(newer[table]))
			continue
		}
		if len(rows) == 0 {
			continue
		}
		known := slices.Sorted(maps.Keys(rows[0]))
		if got, want := projected(rows, known), projected(newer[table], known); !slices.Equal(got, want) {
			t.Errorf("%s: %s holds\n%v\nand in the newer version\n%v", when, table, got, want)
		}
	}
}

// projected is rows in some columns, in order.
func projected(rows []row, columns []string) []string {
	all := make([]string, len(rows))
	for i, r := range rows {
		for _, column := range columns {
			all[i] += column + "=" + r[column] + " "
		}
	}
	slices.Sort(all)
	return all
}

func TestMigrateRefusesOtherVersions(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		newest := l.at(t)
		for _, to := range []int64{0, -3, newest + 1} {
			if _, err := l.engine.schema(t.Context(), to); !errors.Is(err, ErrVersion) {
				t.Errorf("to %d: %v, want ErrVersion", to, err)
			}
		}
		if at := l.at(t); at != newest {
			t.Errorf("the tables went from %d to %d", newest, at)
		}
	})
}

// at is the version of the tables.
func (l *Ledger) at(t *testing.T) int64 {
	t.Helper()
	s, err := l.engine.schema(t.Context(), AsIs)
	if err != nil {
		t.Fatal(err)
	}
	return s.At
}

// TestProcessesThatStartTogetherMigrateOnce opens one empty database many times
// at once. SQLite has one process.
func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Run(onPostgres, func(t *testing.T) {
		cfg := configOn(t, ledgertest.Database(t, "empty", func(string) error { return nil }))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				l, err := Open(context.WithoutCancel(t.Context()), cfg)
				if err != nil {
					t.Error(err)
					return
				}
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		l := openWith(t, cfg)
		var twice int
		if err := l.read.NewRaw("SELECT COUNT(*) - COUNT(DISTINCT version_id) FROM goose_db_version").Scan(t.Context(), &twice); err != nil || twice != 0 {
			t.Errorf("%d migrations ran twice, %v", twice, err)
		}
	})
}

// TestANewerSchemaIsUsed is a rolling release: the database is ahead of us.
func TestANewerSchemaIsUsed(t *testing.T) {
	onEach(t, func(t *testing.T) {
		cfg := config(t)
		l := openWith(t, cfg)
		if _, err := l.db.NewRaw("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, ?)", true).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		older, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatalf("a release that does not know the newest migration does not start: %v", err)
		}
		if _, err := older.engine.schema(t.Context(), 1); !errors.Is(err, ErrVersion) {
			t.Errorf("going back over a migration that this release does not have: %v, want ErrVersion", err)
		}
		if err := older.Close(); err != nil {
			t.Error(err)
		}
	})
}
