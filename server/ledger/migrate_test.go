package ledger

import (
	"context"
	"sync"
	"testing"

	"certdesk/flows"
	"certdesk/server/desk/desktest"
)

// Forward and back on a ledger with a customer in it: what an older release
// knows is still there, and the newer one finds its tables again.

func TestMigrateBackAndForward(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l, talk, _ := bought(t, 1)
		ctx := t.Context()
		desktest.Save(t, l.Ledger, talk, "kept", flows.PersonPage, "name", "王小明")
		was, err := l.engine.schema(ctx, Newest)
		if err != nil || was.At != was.Release || was.At < 2 {
			t.Fatalf("the schema is %+v, %v", was, err)
		}
		for to := was.Release - 1; to >= 1; to-- {
			back, err := l.engine.schema(ctx, to)
			if err != nil || back.At != to {
				t.Fatalf("back to %d: %+v, %v", to, back, err)
			}
			var pages int
			if err := l.read.NewRaw("SELECT COUNT(*) FROM page WHERE talk = ?", talk).Scan(ctx, &pages); err != nil || pages == 0 {
				t.Errorf("at %d the applicant's pages are %d, %v", to, pages, err)
			}
			again, err := l.engine.schema(ctx, Newest)
			if err != nil || again != was {
				t.Fatalf("forward from %d: %+v, %v", to, again, err)
			}
			if f := desktest.Facts(t, l.Ledger, talk); f.Form.Text(flows.KeyName) != "王小明" || !f.PersonVerified {
				t.Errorf("after %d and back the ledger knows %v, verified %v", to, f.Form, f.PersonVerified)
			}
		}
		desktest.Enter(t, l.Ledger, talk, "after", flows.VerifyFace{})
	})
}

// TestProcessesThatStartTogetherMigrateOnce opens one empty database many times
// at once. SQLite has one process.
func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Run(onPostgres, func(t *testing.T) {
		cfg := config(t)
		if _, err := Migrate(t.Context(), cfg, 0); err != nil {
			t.Fatal(err)
		}
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
		if err := older.Close(); err != nil {
			t.Error(err)
		}
	})
}
