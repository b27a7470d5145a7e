package world

import (
	"strings"
	"testing"
)

func TestToolsMissing(t *testing.T) {
	all := tools{goTool: "/go", cc: "/cc", softhsm: "/softhsm2-util", module: "/m.so", sources: "/src"}
	change := func(f func(*tools)) tools { changed := all; f(&changed); return changed }
	tests := []struct {
		name  string
		tools tools
		want  []string
	}{
		{"nothing", all, nil},
		{"Go", change(func(t *tools) { t.goTool = "" }), []string{"go.dev"}},
		{"a compiler", change(func(t *tools) { t.cc = "" }), []string{"apt-get install gcc"}},
		{"SoftHSM2's tool", change(func(t *tools) { t.softhsm = "" }), []string{"apt-get install softhsm2"}},
		{"SoftHSM2's module", change(func(t *tools) { t.module = "" }), []string{"apt-get install softhsm2"}},
		{"the sources", change(func(t *tools) { t.sources = "" }), []string{"源代码"}},
		{"everything", tools{}, []string{"softhsm2", "go.dev", "gcc", "源代码"}},
		{"everything, with the tool beside", tools{beside: "/ukeyagent"}, []string{"softhsm2"}},
	}
	for _, tt := range tests {
		got := tt.tools.missing()
		if len(got) != len(tt.want) {
			t.Errorf("without %s missing = %q, want %q", tt.name, got, tt.want)
			continue
		}
		for i := range got {
			if !strings.Contains(got[i], tt.want[i]) {
				t.Errorf("without %s missing = %q, want %q", tt.name, got, tt.want)
			}
		}
	}
}

// TestToolsAreLookedFor has an empty PATH: nothing may be found on it.
func TestToolsAreLookedFor(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	got := findTools()
	if got.goTool != "" || got.cc != "" || got.softhsm != "" {
		t.Errorf("on an empty PATH findTools = %+v", got)
	}
	if got.sources == "" {
		t.Error("the sources of this module are not found")
	}
	words := strings.Join(got.missing(), "\n")
	for _, want := range []string{"softhsm2", "go.dev", "gcc"} {
		if !strings.Contains(words, want) {
			t.Errorf("missing = %q, want it to name %s", words, want)
		}
	}
}
