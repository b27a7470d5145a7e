package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
	"certdesk/server/sealed"
)

// TestRestoreDrill restores a ledger with a customer in it, as the runbook has
// operators do: while it is in use, and with the keys from the safe. With other
// keys the same drill fails.
func TestRestoreDrill(t *testing.T) {
	t.Run(onPostgres, func(t *testing.T) {
		for _, program := range []string{"bash", "psql", "pg_dump", "pg_restore"} {
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is absent: apt-get install postgresql-client", program)
			}
		}
		keys := sealed.NewKeys()
		cfg := config(t)
		cfg.Keys = parsed(t, keys)
		l := openWith(t, cfg)
		talk := desktest.NewTalk(t, l, "oA")
		desktest.Save(t, l, talk, "page", flows.PersonPage, "name", "王小明")
		desktest.Enter(t, l, talk, "say", flows.Say{Replies: []flows.Reply{{Text: "您好"}}})
		path := built(t)
		stop := busy(t, l)
		said, err := drill(t, path, cfg.DSN+"&pool_max_conns=8", keys)
		stop()
		if err != nil || !strings.Contains(said, "no difference") || !strings.Contains(said, "columns open") {
			t.Errorf("the drill ended with %v:\n%s", err, said)
		}
		if said, err := drill(t, path, cfg.DSN, sealed.NewKeys()); err == nil || !strings.Contains(said, "MISSING page.sealed page/"+string(talk)) {
			t.Errorf("the drill with other keys ended with %v:\n%s", err, said)
		}
	})
}

func parsed(t *testing.T, text string) *sealed.Keys {
	t.Helper()
	keys, err := sealed.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// built is a directory with the program in it, as it is installed: without cgo.
func built(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "certdesk"), "certdesk/cmd/certdesk")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	return dir
}

// busy writes to a ledger until stop is called.
func busy(t *testing.T, l *Ledger) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			if _, err := l.Talk(ctx, desk.Identity{Channel: flows.WeChat, ID: fmt.Sprint("busy", i)}); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("Talk = %v", err)
			}
		}
	})
	return func() { cancel(); writer.Wait() }
}

func drill(t *testing.T, path, dsn, keys string) (string, error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "../../deploy/restore-drill")
	c.Env = append(c.Environ(), "PATH="+path+string(os.PathListSeparator)+os.Getenv("PATH"), "CERTDESK_DATABASE_URL="+dsn, "CERTDESK_SECRET_KEYS="+keys)
	said, err := c.CombinedOutput()
	return string(said), err
}
