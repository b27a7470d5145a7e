package miniapp

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"certdesk/flows"
)

// TestClient runs the client's own tests on the views of every step, so that
// server and client cannot drift apart. It needs Node 20 and no packages.
func TestClient(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: apt-get install nodejs")
	}
	views := map[flows.State]View{}
	for _, s := range steps() {
		views[s.At] = rendered(flows.Case{At: s.At, Entry: "e", Form: known(flows.KindCompany)})
		v := views[s.At]
		v.Stay = string(s.At)
		views[s.At] = v
	}
	text, err := json.Marshal(views)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "views.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), node, "--test", "client/test/step.test.js")
	run.Env = append(os.Environ(), "CERTDESK_VIEWS="+file)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
