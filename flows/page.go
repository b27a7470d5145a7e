package flows

import (
	"strings"
	"time"
)

// PageID names a page; it is the state of the step that asks for it.
type PageID string

// Page is a set of fields asked together, away from the chat. It is the only
// place for passwords, identity numbers and bank accounts.
type Page struct {
	ID     PageID
	Title  string
	Intro  string
	Submit string // label of the button
	Fields []Field
	Paste  func(text string, at time.Time) Form // finds answers in a message; nil when none is looked for
	Print  func(text string, at time.Time) Form // finds them in the words of a picture; nil when none is taken
}

// Input is how a field is asked for.
type Input string

// A page is drawn by the server and by the mini-program from these alone.
const (
	InputText     Input = "text"
	InputMobile   Input = "tel"
	InputNumber   Input = "number"
	InputPassword Input = "password" // its value leaves the page as a hash only
	InputAgree    Input = "agree"    // a box to tick beside a document
	InputFixed    Input = "fixed"    // shown, taken from the form, not editable
	InputProvince Input = "province"
	InputFile     Input = "file" // photographs and PDFs; its value is how many have come
)

// Field is one question of a page.
type Field struct {
	Key      Key
	Lines    []int
	Label    string
	Hint     string // an example, shown in the empty field
	Input    Input
	Read     func(text string, at time.Time) (string, error)
	Optional bool
	Same     Key        // must equal this field, typed before
	Document *Agreement // what InputAgree agrees to
	Known    bool       // the channel may know it, and tell when the applicant lets it
}

// Agreement is a text the applicant agrees to. Its version and a hash of its
// text are stored with the consent.
type Agreement struct {
	ID      string
	Title   string
	Version string
	Text    string
}

// Read takes what was sent in for a page. It returns the normal form of every
// answer worth keeping, or for each refused field what is wrong with it. What
// the page shows but does not ask comes from the form, whatever the client
// sent.
func (p Page) Read(sent, known Form, at time.Time) (Form, map[Key]string) {
	answers, refusals := Form{}, map[Key]string{}
	for _, field := range p.Fields {
		if field.Input == InputFixed {
			answers[field.Key] = known[field.Key]
			continue
		}
		text := sent.Text(field.Key)
		if text == "" && field.Optional {
			continue
		}
		value, err := field.read(text, sent, at)
		if err != nil {
			refusals[field.Key] = words(err)
			continue
		}
		if field.Same == "" {
			answers[field.Key] = Conceal(value)
		}
	}
	if len(refusals) > 0 {
		return nil, refusals
	}
	return answers, nil
}

// hashed marks a password that the page has checked and hashed already: the
// words themselves go no further than the page.
const hashed = "$argon2id$"

func (f Field) read(text string, sent Form, at time.Time) (string, error) {
	if text == "" && f.Input != InputAgree && f.Input != InputFile {
		return "", &Refusal{"请填写" + f.Label + "。", ""}
	}
	if f.Input == InputPassword && strings.HasPrefix(text, hashed) {
		return text, nil
	}
	if f.Same != "" {
		if text != sent.Text(f.Same) {
			return "", &Refusal{"两次填写不一致，请检查。", ""}
		}
		return text, nil
	}
	return f.Read(text, at)
}
