package flows

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Fen is an amount of money in hundredths of a yuan.
type Fen int64

// String renders the amount in yuan with two decimals.
func (f Fen) String() string {
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	return fmt.Sprintf("%s%d.%02d", sign, f/100, f%100)
}

// ErrAmount is returned for text that is not an amount in yuan.
var ErrAmount = errors.New("flows: not an amount in yuan")

// ParseFen reads an amount in yuan with at most two decimals, as partners
// write it: "88", "88.0" or "88.00". It accepts no sign, no exponent and no
// more than nine digits before the point.
func ParseFen(yuan string) (Fen, error) {
	whole, cents, dotted := strings.Cut(yuan, ".")
	if whole == "" || len(whole) > 9 || len(cents) > 2 || (dotted && cents == "") || !digits(whole+cents) {
		return 0, fmt.Errorf("%w: %q", ErrAmount, yuan)
	}
	n, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrAmount, err)
	}
	return Fen(n), nil
}

func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// Secret is something a person told us, or something that opens a door: a
// name, a telephone number, an identity number, a code. It never prints;
// [Secret.Reveal] is the only way to the text, so that a search for Reveal
// finds every use. Keep it in exported fields only: package fmt calls no
// method on unexported ones.
type Secret struct{ text string }

// Conceal makes a Secret of text.
func Conceal(text string) Secret { return Secret{text} }

// Reveal returns the text, for the partner or the person it is meant for.
func (s Secret) Reveal() string { return s.text }

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.text == "" }

// String covers %v and %s.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return "***"
}

// GoString covers %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalText covers encoders made for reading: JSON, XML and logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalBinary reveals the text to the sealed stores, whose codec asks for
// the binary form; encoders made for reading do not.
func (s Secret) MarshalBinary() ([]byte, error) { return []byte(s.text), nil }

// UnmarshalBinary is the inverse of [Secret.MarshalBinary].
func (s *Secret) UnmarshalBinary(data []byte) error {
	s.text = string(data)
	return nil
}

// RefusedError reports that a partner understood us and said no. Trying again
// with the same request is useless.
type RefusedError struct {
	Partner string // "alipay", "courier", ...
	Code    string // the partner's own code, for the log
	Public  string // what the customer may read, in Chinese
}

func (e *RefusedError) Error() string { return e.Partner + ": refused: " + e.Code }
