package desk

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"

	"certdesk/flows"
)

// Consonants only: they make no word, and none looks like a digit.
const (
	ticketLetters = "BCDFGHJKLMNPQRSTVWXZ"
	ticketLength  = 8
)

// NewTicket draws a code that is read on one screen and typed on another, in two
// groups.
func NewTicket() (flows.Secret, error) {
	var code strings.Builder
	for i := range ticketLength {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(ticketLetters))))
		if err != nil {
			return flows.Secret{}, fmt.Errorf("desk: ticket: %w", err)
		}
		if i == ticketLength/2 {
			code.WriteByte('-')
		}
		code.WriteByte(ticketLetters[n.Int64()])
	}
	return flows.Conceal(code.String()), nil
}
