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

// TestClientCallsWhatExists holds the client against Alipay's own types, from
// npm, where CERTDESK_NPM names a directory with them.
func TestClientCallsWhatExists(t *testing.T) {
	dir := os.Getenv("CERTDESK_NPM")
	if _, err := os.Stat(filepath.Join(dir, "node_modules/@mini-types/alipay")); dir == "" || err != nil {
		t.Skip("CERTDESK_NPM names no directory with npm's @mini-types/alipay 3.0.14")
	}
	types := filepath.Join(dir, "node_modules/@types") + "," + filepath.Join(dir, "node_modules/@mini-types")
	out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "node_modules/.bin/tsc"), "--noEmit", "--allowJs", "--checkJs", "--skipLibCheck",
		"--target", "es2020", "--module", "commonjs", "--moduleResolution", "node", "--typeRoots", types, "--types", "alipay",
		"client/app.js", "client/config.js", "client/lib/api.js", "client/pages/step/step.js", "client/pages/step/logic.js").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
