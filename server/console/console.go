// Package console draws the agents' desk: who needs a person, what was said,
// and how far the applicant has got. It turns what the desk knows into HTML and
// does nothing else: it reads no request, keeps no session and asks no store.
//
// It promises that whatever an applicant wrote stays text, that personal data
// are masked as on any screen that others can see, that no code, link or
// password of an applicant is shown, and that its pages need no inline script
// or style, so that the strictest content policy fits them.
package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"time"

	"certdesk/flows"
)

// View is anything that [Render] draws: a page ([SignIn], [Desk]), or a part
// of one that is drawn again while the page stays ([Queue], [Lines], [Controls], [Side]).
// Each element of a part carries the id of the element it replaces.
type View interface{ template() string }

//go:embed templates/*.html
var sources embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{"asset": address, "day": day}).ParseFS(sources, "templates/*.html"))

// day is a time as people in Beijing read it.
func day(t time.Time) string { return t.In(flows.Beijing).Format("1月2日 15:04") }

// Render writes a view as HTML in UTF-8.
func Render(w io.Writer, v View) error {
	if err := templates.ExecuteTemplate(w, v.template(), v); err != nil {
		return fmt.Errorf("console: draw %s: %w", v.template(), err)
	}
	return nil
}

// SignIn is the page that asks who is there.
type SignIn struct {
	Token string // proves that the form is ours
	Name  string // as typed before
	Why   string // why the last try was refused
}

// Desk is the whole page.
type Desk struct {
	Me     string // display name of the agent
	Token  string // proves that the forms are ours
	Money  bool   // the agent decides about money, too
	Stream string // address of what is new
	Why    string // a problem to say first
	Queue  Queue
	Talk   *Talk // nil when none is chosen
}

func (SignIn) template() string { return "signin" }
func (Desk) template() string   { return "desk" }

// File is something that a page loads.
type File struct {
	Body []byte
	Type string // media type
}

//go:embed assets/style.css assets/plain.css assets/live.js assets/icon.svg
var assets embed.FS

var files = map[string]File{
	"style.css": load("style.css", "text/css; charset=utf-8"),
	"plain.css": load("plain.css", "text/css; charset=utf-8"),
	"live.js":   load("live.js", "text/javascript; charset=utf-8"),
	"icon.svg":  load("icon.svg", "image/svg+xml"),
}

func load(name, kind string) File {
	body, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // it is embedded: no input can cause it
	}
	return File{Body: body, Type: kind}
}

// Asset returns a file of the pages by its name. Its address carries a version,
// so that it may be kept for ever.
func Asset(name string) (File, bool) {
	f, ok := files[name]
	return f, ok
}

// address is where a page finds an asset. The version changes with the bytes.
func address(name string) string {
	sum := sha256.Sum256(files[name].Body)
	return "/console/assets/" + name + "?v=" + hex.EncodeToString(sum[:6])
}

// clock shows a time of today without its date.
func clock(at, now time.Time) string {
	at, now = at.In(flows.Beijing), now.In(flows.Beijing)
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format("15:04")
	}
	return at.Format("1月2日 15:04")
}
