// The factory of keys.

package tokentest_test

import (
	"errors"
	"path/filepath"
	"testing"

	"certdesk/cmd/ukeyagent/token/tokentest"
)

func TestMake(t *testing.T) {
	dir := t.TempDir()
	first, err := tokentest.Make(t.Context(), dir, "UKEY-0001")
	if errors.Is(err, tokentest.ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	second, err := tokentest.Make(t.Context(), dir, "UKEY-0002")
	if err != nil {
		t.Fatal(err)
	}
	if first.Serial == "" || first.Serial == second.Serial {
		t.Errorf("serials %q and %q", first.Serial, second.Serial)
	}
	if _, err := tokentest.Make(t.Context(), dir, "UKEY-0001"); err == nil {
		t.Error("a second key got the label of the first")
	}
	if found, err := tokentest.Find(t.Context(), dir, "UKEY-0002"); err != nil || found != second {
		t.Errorf("Find = %+v, %v; want %+v", found, err, second)
	}
	if _, err := tokentest.Find(t.Context(), dir, "UKEY-0003"); err == nil {
		t.Error("Find found a key that was never made")
	}
	if _, err := tokentest.Make(t.Context(), filepath.Join(dir, "a=b"), "UKEY-0001"); err == nil {
		t.Error("a path that SoftHSM cannot read was accepted")
	}
}
