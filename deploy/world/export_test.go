// What tests from outside may change in a world.

package world

import (
	"os"
	"path/filepath"
	"testing"
)

// UseTool gives the PC of a world another tool, for tests: a script that
// stands where ukeyagent does. Everything else of the PC is real.
func UseTool(t *testing.T, w *World, script string) {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "ukeyagent")
	if err := os.WriteFile(tool, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	w.pc.tools.beside = tool
}

// WithoutTools takes the PC's tools away.
func WithoutTools(w *World) { w.pc.tools = tools{} }
