package pages

// How a View becomes HTML: everything is decided here, and the templates only
// ask what is empty.

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strings"

	"certdesk/flows"
)

// How often a page looks again, in seconds. One that shows a code rests longer:
// a reload takes away the menu of a long press and the selection of an address.
const (
	lookAgain     = 2
	lookAgainCode = 10
)

//go:embed templates
var sources embed.FS

//go:embed style.css
var style []byte

var (
	layouts = template.Must(template.ParseFS(sources, "templates/*.html"))
	version = fingerprint(style)
)

func fingerprint(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:6])
}

// Style returns the style sheet of every page, to be served at /h5/style.css.
func Style() []byte { return bytes.Clone(style) }

// StyleVersion names the present content of [Style]. Pages ask for the sheet
// under it, so that a browser may keep the sheet for ever.
func StyleVersion() string { return version }

// frame is what every page has around its content.
type frame struct {
	Heading string // of the window
	Brand   string
	Phone   string
	Version string
	Refresh int // seconds; 0 for never
}

// sheet is a View made ready for its template.
type sheet struct {
	View
	Frame   frame
	Trail   trail
	News    []block
	Blocks  []block
	Intro   []block
	Fields  []field
	Mend    []mending
	Again   bool // secrets have to be typed again
	Mixed   bool // some fields are optional, so the star is explained
	Fraud   bool // the step identifies a person, where nobody is asked to pay
	Alipay  template.URL
	Foreign bool // the code is not for the app in which the page is open
	Copied  bool // its address is of use elsewhere
	Plain   bool // Link may be opened in a browser
	Choices []Choice
}

// Render writes the page of v, or nothing and an error.
func Render(w io.Writer, v View) error {
	s := sheet{
		Frame:   frame{Heading: v.Title, Brand: v.Brand, Phone: v.Phone, Version: version, Refresh: refresh(v)},
		View:    v,
		Trail:   along(v.Trail),
		News:    blocks(retold(v.News)),
		Blocks:  blocks(retold(v.Text)),
		Choices: v.Choices,
	}
	if v.Form != nil {
		s.fill(v.Form)
	}
	if v.QR != nil && v.QR.By == ByAlipay {
		s.Foreign, s.Copied = v.InWeChat, v.QR.Link != ""
		if openable(v.QR.Link) {
			s.Alipay, s.Plain = inAlipay(v.QR.Link), true
		}
	}
	if v.Over != "" && s.busy() {
		s.Over = ""
	}
	return execute(w, "page.html", s)
}

// busy reports whether there is something to do on the page itself.
func (s sheet) busy() bool {
	return s.Form != nil || s.QR != nil || len(s.View.Choices) > 0 || s.Waiting
}

// refresh says after how many seconds a page looks again. A page with a form
// never does: a reload would take away what is being typed.
func refresh(v View) int {
	switch {
	case !v.Waiting || v.Form != nil:
		return 0
	case v.QR != nil:
		return lookAgainCode
	default:
		return lookAgain
	}
}

// fill prepares the fields of a form, and puts the button that sends a new code
// beside the field for the code.
func (s *sheet) fill(f *Form) {
	resend := slices.IndexFunc(s.Choices, func(c Choice) bool { return strings.Contains(c.Label, "验证码") })
	s.Intro = blocks([]string{f.Page.Intro})
	for _, asked := range f.Page.Fields {
		drawn := f.field(asked)
		if asked.Key == flows.KeyCode && resend >= 0 {
			choice := s.Choices[resend]
			drawn.Resend = &choice
			s.Choices = slices.Delete(slices.Clone(s.Choices), resend, resend+1)
			resend = -1
		}
		s.Fields = append(s.Fields, drawn)
		s.Mixed = s.Mixed || asked.Optional
		s.Fraud = s.Fraud || asked.Key == flows.KeyIDNumber
		s.Again = s.Again || (drawn.Secret && len(f.Problems) > 0)
	}
	s.Mend = f.mendings()
	if len(s.Mend) > 0 || s.Why != "" {
		s.Frame.Heading = "请修改：" + s.Frame.Heading
	}
}

// HasResend reports whether a button for a new code stands among the fields.
// The form then begins with an unseen button of its own kind, because Enter
// presses the first button of a form.
func (s sheet) HasResend() bool {
	return slices.ContainsFunc(s.Fields, func(f field) bool { return f.Resend != nil })
}

// HasFiles reports whether the form sends files.
func (s sheet) HasFiles() bool {
	return slices.ContainsFunc(s.Fields, func(f field) bool { return f.Shape == "file" })
}

func openable(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http")
}

// inAlipay is the address under which a phone opens a link in Alipay: in its own
// browser, unless the link says itself where.
func inAlipay(link string) template.URL {
	if u, err := url.Parse(link); err == nil && u.Host == "ds.alipay.com" && strings.HasPrefix(u.Query().Get("scheme"), "alipays://") {
		return template.URL(u.Query().Get("scheme")) //nolint:gosec // checked scheme
	}
	return template.URL("alipays://platformapi/startapp?appId=20000067&url=" + url.QueryEscape(link)) //nolint:gosec // fixed scheme, escaped rest
}

// RenderDocument writes the page of an agreement, or nothing and an error.
func RenderDocument(w io.Writer, d Document) error {
	return execute(w, "document.html", struct {
		Frame  frame
		Text   flows.Agreement
		Blocks []block
	}{
		Frame:  frame{Heading: d.Agreement.Title, Brand: d.Brand, Phone: d.Phone, Version: version},
		Text:   d.Agreement,
		Blocks: blocks([]string{d.Agreement.Text}),
	})
}

func execute(w io.Writer, name string, data any) error {
	var b bytes.Buffer
	if err := layouts.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("pages: write: %w", err)
	}
	return nil
}
