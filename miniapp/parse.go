package miniapp

// What the client sends, read with suspicion.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"certdesk/flows"
)

// ErrMalformed is returned for a body that our client never sends. The text of
// the error names the fault and never quotes the body: it may hold a password.
var ErrMalformed = errors.New("miniapp: not an answer of the client")

// The bounds of an answer.
const (
	MaxBody   = 16 << 10 // bytes
	maxText   = 500      // characters of a text, or of one value of a page
	maxChoice = 16       // digits
	maxName   = 64       // bytes of the name of a page or a field
	maxValues = 40       // fields of a page
	minNonce  = 8        // characters
	maxNonce  = 64
	maxCode   = 128 // of Alipay's code
	maxPhone  = 4096
)

// Answer is what the client sends. Exactly one of text, choice and page is
// given; values belong to a page.
type Answer struct {
	Nonce  string            `json:"nonce" minLength:"8" maxLength:"64" doc:"nonce of the view that is answered; the same nonce again is the same answer"`
	Text   string            `json:"text,omitempty" maxLength:"500" doc:"what the applicant typed"`
	Choice string            `json:"choice,omitempty" maxLength:"16" pattern:"^[0-9]+$" doc:"identifier of the tapped choice"`
	Page   string            `json:"page,omitempty" maxLength:"64" doc:"name of the page that is sent in"`
	Values map[string]string `json:"values,omitempty" doc:"what was typed on the page, by the key of the field; a ticked box is \"on\""`
}

// Parse reads the body of an answer and returns what happened, and the nonce
// that makes two deliveries one event. The result owns its memory. Values are
// as typed, passwords too: hash them before they go any further.
//
// Parse returns [ErrMalformed] for everything that is not exactly one answer
// within the bounds.
func Parse(body []byte) (flows.Happening, string, error) {
	var a Answer
	if err := strict(body, &a); err != nil {
		return nil, "", err
	}
	if !isNonce(a.Nonce) {
		return nil, "", fmt.Errorf("%w: nonce", ErrMalformed)
	}
	what, err := a.happening()
	if err != nil {
		return nil, "", err
	}
	return what, a.Nonce, nil
}

// strict decodes one JSON value that fills into and nothing else. Names of
// fields are not quoted by its errors either.
func strict(body []byte, into any) error {
	if len(body) > MaxBody {
		return fmt.Errorf("%w: too long", ErrMalformed)
	}
	if !utf8.Valid(body) {
		return fmt.Errorf("%w: not UTF-8", ErrMalformed)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if d.Decode(into) != nil {
		return fmt.Errorf("%w: not the JSON of this call", ErrMalformed)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows", ErrMalformed)
	}
	return nil
}

func (a Answer) happening() (flows.Happening, error) {
	switch {
	case a.Text != "" && a.Choice == "" && a.Page == "" && a.Values == nil:
		if !typed(a.Text) || strings.TrimSpace(a.Text) == "" {
			return nil, fmt.Errorf("%w: text", ErrMalformed)
		}
		return flows.Said{Text: a.Text}, nil
	case a.Choice != "" && a.Text == "" && a.Page == "" && a.Values == nil:
		if len(a.Choice) > maxChoice || strings.Trim(a.Choice, "0123456789") != "" {
			return nil, fmt.Errorf("%w: choice", ErrMalformed)
		}
		return flows.Said{Choice: a.Choice}, nil
	case a.Page != "" && a.Text == "" && a.Choice == "":
		return a.filled()
	}
	return nil, fmt.Errorf("%w: not exactly one of text, choice and page", ErrMalformed)
}

func (a Answer) filled() (flows.Happening, error) {
	if len(a.Page) > maxName || strings.ContainsFunc(a.Page, notName) || len(a.Values) > maxValues {
		return nil, fmt.Errorf("%w: page", ErrMalformed)
	}
	values := flows.Form{}
	for key, text := range a.Values {
		if key == "" || len(key) > maxName || strings.ContainsFunc(key, notName) || !typed(text) {
			return nil, fmt.Errorf("%w: value of a page", ErrMalformed)
		}
		values[flows.Key(key)] = flows.Conceal(text)
	}
	return flows.Filled{Page: flows.PageID(a.Page), Values: values}, nil
}

// notName reports what stands in no name that we gave.
func notName(r rune) bool {
	return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", r)
}

// typed reports whether a person can have typed the text. Line feeds and tabs
// come with what is pasted; other control characters do not.
func typed(text string) bool {
	return utf8.RuneCountInString(text) <= maxText && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
	})
}

// Phone is what the client sends when the applicant let Alipay tell their number.
type Phone struct {
	Nonce    string `json:"nonce" minLength:"8" maxLength:"64" doc:"nonce of the view in which it was asked for"`
	Response string `json:"response" minLength:"2" maxLength:"4096" doc:"response of my.getPhoneNumber, untouched"`
}

// ParsePhone reads the body of such a call, under the rules of [Parse]. What
// Alipay says in it is not looked at.
func ParsePhone(body []byte) (Phone, error) {
	var p Phone
	if err := strict(body, &p); err != nil {
		return Phone{}, err
	}
	if !isNonce(p.Nonce) {
		return Phone{}, fmt.Errorf("%w: nonce", ErrMalformed)
	}
	if len(p.Response) < 2 || len(p.Response) > maxPhone {
		return Phone{}, fmt.Errorf("%w: response", ErrMalformed)
	}
	return p, nil
}

// isNonce reports whether we can have given this nonce.
func isNonce(nonce string) bool {
	return len(nonce) >= minNonce && len(nonce) <= maxNonce && !strings.ContainsFunc(nonce, notName)
}

// SignIn is what the client sends to open a seat.
type SignIn struct {
	AuthCode string `json:"auth_code" minLength:"1" maxLength:"128" doc:"of my.getAuthCode, good for one use"`
	Scene    string `json:"scene,omitempty" maxLength:"64" doc:"what the mini-program was opened with: a project, or the code of a case to go on with"`
}

// ParseSignIn reads the body of a sign-in, under the rules of [Parse].
func ParseSignIn(body []byte) (SignIn, error) {
	var s SignIn
	if err := strict(body, &s); err != nil {
		return SignIn{}, err
	}
	if s.AuthCode == "" || len(s.AuthCode) > maxCode || strings.ContainsFunc(s.AuthCode, notName) {
		return SignIn{}, fmt.Errorf("%w: code", ErrMalformed)
	}
	if len(s.Scene) > maxName || strings.ContainsFunc(s.Scene, notName) {
		return SignIn{}, fmt.Errorf("%w: scene", ErrMalformed)
	}
	return s, nil
}
