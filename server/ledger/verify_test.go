package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
	"certdesk/server/sealed"
)

// TestEverySealedColumnIsVerified reads the migrations: a column that is called
// sealed, or whose comment begins with it, is in the list.
func TestEverySealedColumnIsVerified(t *testing.T) {
	listed := map[string]bool{}
	for _, c := range sealedColumns {
		listed[c.table+"."+c.column] = true
	}
	table := regexp.MustCompile(`^(?:CREATE|ALTER) TABLE (\w+)`)
	column := regexp.MustCompile(`^\s*(?:ALTER TABLE \w+ ADD COLUMN )?(\w+)\s+TEXT\b(.*)`)
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(files) < 2 {
		t.Fatalf("migrations: %v, %v", files, err)
	}
	found := 0
	for _, name := range files {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		in := ""
		for line := range strings.Lines(string(text)) {
			if m := table.FindStringSubmatch(line); m != nil {
				in = m[1]
			}
			m := column.FindStringSubmatch(line)
			if m == nil || (m[1] != "sealed" && !strings.Contains(m[2], "-- sealed")) {
				continue
			}
			if found++; !listed[in+"."+m[1]] {
				t.Errorf("%s: %s.%s is sealed and not among sealedColumns", name, in, m[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("%d sealed columns found in the migrations: this test looks in the wrong place", found)
	}
}

func TestVerify(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l, talk, p := bought(t, 1)
		ctx := t.Context()
		desktest.Enter(t, l.Ledger, talk, "say", flows.Say{Replies: []flows.Reply{{Text: "您好"}}})
		desktest.Save(t, l.Ledger, talk, "e1", flows.RegisterAccount, "login", "13800138000", "mobile", "13800138000")
		_, err := l.NewCode(ctx, talk, flows.SendCode{Purpose: flows.PurposeRegister}, "c1", monday)
		if err := errors.Join(err,
			l.OfferTicket(ctx, desktest.Ref(talk, "ticket"), monday),
			l.KeepLetter(ctx, "payment", "n1", "refunded", p.Number, "body", monday),
			l.Archive(ctx, desk.Passage{Talk: talk, Mark: "1-0", Lines: []desk.Line{{Who: desk.WhoBot, Text: "您好"}}}),
		); err != nil {
			t.Fatal(err)
		}
		whole, err := Verify(ctx, l.cfg)
		if err != nil || len(whole.Unreadable) != 0 || whole.Opened["code.sealed"] != 1 || whole.Opened["effect.sealed"] == 0 || whole.Opened["transcript.sealed"] != 1 || whole.Opened["inbox.sealed"] != 1 {
			t.Fatalf("Verify = %+v, %v, want everything readable", whole, err)
		}
		if _, err := l.db.NewRaw("UPDATE inbox SET id = id || 'x'").Exec(ctx); err != nil {
			t.Fatal(err)
		}
		moved, err := Verify(ctx, l.cfg)
		if err != nil || len(moved.Unreadable) != 1 || !strings.HasPrefix(moved.Unreadable[0], "inbox.sealed inbox/payment/n1") {
			t.Errorf("Verify after a letter was moved = %+v, %v, want that one named", moved, err)
		}
		other := l.cfg
		if other.Keys, err = sealed.ParseKeys(sealed.NewKeys()); err != nil {
			t.Fatal(err)
		}
		if lost, err := Verify(ctx, other); err != nil || len(lost.Opened) != 0 || len(lost.Unreadable) == 0 {
			t.Errorf("Verify with other keys = %v opened, %d not, %v; want none opened", lost.Opened, len(lost.Unreadable), err)
		}
		absent := l.cfg
		absent.DSN = "sqlite:" + filepath.Join(t.TempDir(), "absent.db")
		if _, err := Verify(ctx, absent); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Verify of a file that is not there = %v, want fs.ErrNotExist", err)
		}
		if _, err := l.engine.schema(context.WithoutCancel(ctx), 1); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(ctx, l.cfg); !errors.Is(err, ErrSchema) {
			t.Errorf("Verify of older tables = %v, want ErrSchema", fmt.Sprint(err))
		}
	})
}
