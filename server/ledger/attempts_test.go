package ledger

import (
	"fmt"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk/desktest"
)

func TestAttempts(t *testing.T) {
	onEach(t, func(t *testing.T) {
		desktest.Attempts(t, func(t *testing.T) desktest.Ledger {
			cfg := config(t)
			cfg.Retention.Proof = 365 * 24 * time.Hour
			return books{openWith(t, cfg)}
		})
	})
}

// TestLookups counts what the register is asked about a person and about an
// organisation over whatever talks it is asked from.
func TestLookups(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		n := 0
		asks := func(talk, person, org string) bool {
			t.Helper()
			n++
			may, err := l.MayCompare(t.Context(), desktest.Ref(desktest.NewTalk(t, l, talk), fmt.Sprint("e", n)),
				flows.Organisation{CreditCode: flows.Conceal(org)}, flows.Person{IDNumber: flows.Conceal(person)}, noon)
			if err != nil {
				t.Fatal(err)
			}
			return may
		}
		for i := range lookupsOfTalk {
			if !asks("one", fmt.Sprint("p", i), fmt.Sprint("o", i)) {
				t.Fatalf("question %d of a talk is refused", i+1)
			}
		}
		if asks("one", "p", "o") {
			t.Error("a talk may ask without end")
		}
		for i := range lookupsOfPerson {
			if !asks(fmt.Sprint("two", i), "same", fmt.Sprint("oo", i)) {
				t.Fatalf("question %d about a person is refused", i+1)
			}
		}
		if asks("three", "same", "another") {
			t.Error("one person may be asked about without end, from many telephones")
		}
		for i := range lookupsOfOrg {
			if !asks(fmt.Sprint("four", i), fmt.Sprint("pp", i), "target") {
				t.Fatalf("question %d about an organisation is refused", i+1)
			}
		}
		if asks("five", "stranger", "target") {
			t.Error("one organisation may be asked about without end, by many people")
		}
		if !asks("five", "stranger", "elsewhere") {
			t.Error("a refused question was counted")
		}
		for range 2 * lookupsOfTalk { // the job of one question, tried again and again
			n = 0
			if !asks("six", "patient", "flaky") {
				t.Fatal("a question that is tried again counts as another")
			}
		}
	})
}
