package world_test

import (
	"net/http"
	"strings"
	"testing"

	"certdesk/cmd/ukeyagent/token/tokentest"
	"certdesk/deploy/world"
)

type screen struct {
	Text          string
	Running       bool
	Exit          *int
	Model, Serial string
	Missing       []string
}

func (c *city) screen() screen {
	c.t.Helper()
	var s screen
	c.get("/world/pc/screen", &s)
	return s
}

func (c *city) reads(want string) {
	c.t.Helper()
	c.until("“"+want+"” on the screen", func() bool { return strings.Contains(c.screen().Text, want) })
}

func TestPCSaysWhatIsMissing(t *testing.T) {
	c := newCity(t, t.TempDir())
	world.WithoutTools(c.w)
	if got := c.screen().Missing; len(got) != 4 {
		t.Errorf("without tools the PC misses %q, want 4", got)
	}
	c.post("/world/pc/insert", map[string]string{"model": "ukey-a"}, http.StatusConflict, nil)
	c.post("/world/pc/run", map[string]string{"code": "ABCD-EFGH"}, http.StatusConflict, nil)
}

func TestTerminal(t *testing.T) {
	if _, err := tokentest.Module(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	c := newCity(t, dir)
	t.Setenv("CERTDESK_SECRET_KEYS", "must not be seen")
	world.UseTool(t, c.w, `echo "$@"; env; printf '请输入短信中的授权码：'; read code; echo "[$code]"; read never; exit 7`)
	c.post("/world/pc/run", map[string]string{"code": "; rm"}, http.StatusBadRequest, nil)
	c.post("/world/pc/type", map[string]string{"line": "1"}, http.StatusConflict, nil)
	c.post("/world/pc/stop", struct{}{}, http.StatusConflict, nil)
	c.post("/world/pc/insert", map[string]string{"model": "../x"}, http.StatusBadRequest, nil)
	var key struct{ Serial, Conf, Module string }
	c.post("/world/pc/insert", map[string]string{"model": "ukey-a"}, http.StatusOK, &key)
	c.post("/world/pc/run", map[string]string{"code": "ABCD-EFGH"}, http.StatusOK, nil)
	c.reads("授权码：")
	text := c.screen().Text
	contains(t, text, "activate --server "+c.desk.URL+" --code ABCD-EFGH --module "+key.Module)
	contains(t, text, "SOFTHSM2_CONF="+key.Conf)
	if strings.Contains(text, "must not be seen") {
		t.Error("the tool sees the environment of the demo")
	}
	c.post("/world/pc/run", map[string]string{"code": "ABCD-EFGH"}, http.StatusConflict, nil)
	c.post("/world/pc/type", map[string]string{"line": "204816\n"}, http.StatusBadRequest, nil)
	c.post("/world/pc/type", map[string]string{"line": "204816"}, http.StatusOK, nil)
	c.reads("[204816]")
	c.post("/world/pc/type", map[string]string{"line": ""}, http.StatusOK, nil)
	c.until("end of the tool", func() bool { return !c.screen().Running })
	if s := c.screen(); s.Exit == nil || *s.Exit != 7 || s.Serial != key.Serial {
		t.Errorf("after the end the PC is %+v, want exit 7", s)
	}
	c.post("/world/pc/remove", struct{}{}, http.StatusOK, nil)
	var again struct{ Serial string }
	c.post("/world/pc/insert", map[string]string{"model": "ukey-a"}, http.StatusOK, &again)
	if again.Serial != key.Serial {
		t.Errorf("plugged in again the key is %s, want %s", again.Serial, key.Serial)
	}
	c.post("/world/pc/insert", map[string]string{"model": "ukey-b"}, http.StatusOK, &again)
	if again.Serial == key.Serial {
		t.Error("another model is the same key")
	}
}

// TestTerminalEnds stops a tool that waits for ever: by its button, and by the
// end of the world.
func TestTerminalEnds(t *testing.T) {
	if _, err := tokentest.Module(); err != nil {
		t.Skip(err)
	}
	c := newCity(t, t.TempDir())
	world.UseTool(t, c.w, "echo hi; read never")
	c.post("/world/pc/run", map[string]string{"code": "ABCD-EFGH"}, http.StatusOK, nil)
	c.reads("hi")
	c.post("/world/pc/stop", struct{}{}, http.StatusOK, nil)
	c.until("end of the tool", func() bool { return !c.screen().Running })
	contains(t, c.screen().Text, "已停止")
	c.post("/world/pc/run", map[string]string{"code": "ABCD-EFGH"}, http.StatusOK, nil)
	c.reads("hi")
	c.stop() // fails the test if Run does not return
}
