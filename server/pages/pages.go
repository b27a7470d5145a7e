// Package pages draws the secure pages that a chat opens: what may not be typed
// into a chat is asked here, and codes that a chat cannot carry are shown here.
//
// A page is drawn on the server and works without JavaScript: it has no script,
// no style attribute and no picture from elsewhere, so that the strictest
// Content-Security-Policy holds (style and forms of our own origin, pictures
// as data). What it links is its style sheet, see [Style], and the documents
// that a form names.
//
// The package promises that a password or a code from a message is never
// written into a page, whatever the [View] holds; that every other answer is
// kept as it was typed; and that a page on which somebody types never reloads
// by itself. It decides nothing: what is asked and which answers are refused
// comes from package flows, and it neither reads requests nor knows a talk.
package pages

import (
	"cmp"
	"html/template"

	"certdesk/flows"
)

// View is one page, at one step of one talk.
type View struct {
	Title     string // of the step
	Brand     string // whose page it is, on every page the same
	Trail     []Milestone
	Text      []string // paragraphs of what is asked now
	Why       string   // a problem to say first; may be empty
	News      []string // paragraphs of what has happened, to be said before Text
	Documents []Link   // to be read before a choice
	Form      *Form    // page to fill in; nil when there is none
	Choices   []Choice // buttons; each posts _choice=ID
	QR        *QR      // code for another app
	Go        Link     // where to go on, in this browser; none when empty
	Waiting   bool     // the page looks again by itself, unless it has a Form
	Over      string   // where to go on; said when there is nothing to do here
	Action    string   // URL that forms post to
	Nonce     string   // hidden field _nonce
	InWeChat  bool     // the browser is WeChat's, which opens nothing of Alipay
	Carry     string   // address that opens the page on another device; the page's own does when empty
	Phone     string   // of the certificate service, in the footer
}

// Milestone is one part of the whole way. State is "done", "now" or "next".
type Milestone struct{ Name, State string }

// Form is a page of the manual with what is in its fields. It posts each answer
// under its key, and the page's identifier as _page.
type Form struct {
	Page      flows.Page
	Values    map[flows.Key]string
	Problems  map[flows.Key]string // what is wrong, in words for the applicant
	Provinces []string
	Documents string // URL of an agreement up to its identifier
}

// Link is a document to read, or another place to go on at.
type Link struct{ Title, URL string }

// Choice is one button. ID is what it posts.
type Choice struct{ ID, Label string }

// QR is a code to scan, with every way to carry it to the app that scans it.
type QR struct {
	PNG     template.URL // data:image/png;base64,...
	Caption string
	Until   string // when it ends, as a customer reads it; may be empty
	Link    string // the address inside, http or https
	By      App    // Alipay's, when empty
}

// App is who scans a code.
type App string

// The apps.
const (
	ByAlipay App = ""
	ByWeChat App = "微信"
)

// String is what customers call it.
func (a App) String() string { return cmp.Or(string(a), "支付宝") }

// Document is one agreement on a page of its own.
type Document struct {
	Agreement flows.Agreement
	Brand     string
	Phone     string
}
