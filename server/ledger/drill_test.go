package ledger

import (
	"os/exec"
	"strings"
	"testing"
)

// TestRestoreDrill restores a ledger with a customer in it, as the runbook has
// operators do.
func TestRestoreDrill(t *testing.T) {
	t.Run(onPostgres, func(t *testing.T) {
		for _, program := range []string{"bash", "psql", "pg_dump", "pg_restore"} {
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is absent: apt-get install postgresql-client", program)
			}
		}
		l, _, _ := bought(t, 1)
		drill := exec.CommandContext(t.Context(), "../../deploy/restore-drill")
		drill.Env = append(drill.Environ(), "CERTDESK_DATABASE_URL="+l.cfg.DSN)
		said, err := drill.CombinedOutput()
		if err != nil || !strings.Contains(string(said), "no difference") {
			t.Fatalf("the drill ended with %v:\n%s", err, said)
		}
	})
}
