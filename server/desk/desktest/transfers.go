package desktest

// The suite of the port that proves companies.

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Transfers runs the suite of [desk.Transfers]. The function open returns an
// empty store and closes it with t.Cleanup.
func Transfers(t *testing.T, open func(t *testing.T) Ledger) {
	tests := map[string]func(*testing.T, Ledger){
		"an open proof is found again":                  proofFoundAgain,
		"another code needs another proof":              proofOfAnotherCode,
		"each proof has an account of its own":          proofAccounts,
		"an expired proof gives way to another account": proofExpires,
		"the company's own cent proves it, once":        centProves,
		"what does not count is told, once a line":      centWrong,
		"a line seen late counts if it was in time":     centSeenLate,
		"a cent for nobody is kept":                     centForNobody,
		"a second cent changes nothing":                 centTwice,
		"many at once open one proof":                   proofCrowd,
		"one line entered by many is one line":          centCrowd,
		"after three wrong lines an agent is called":    centAgent,
	}
	run(t, open, tests)
}

var ourAccount = flows.Payee{Name: "浙江某认证有限公司", Account: "33001616781053000001", Bank: "某银行杭州支行"}

func (a *applicant) asksForTransfer(at time.Time) flows.TransferOpened {
	a.t.Helper()
	got, ok := a.tells(func(ref desk.Ref) error {
		return a.l.OpenTransfer(a.t.Context(), ref, ourAccount, at)
	}).(flows.TransferOpened)
	if !ok {
		a.t.Fatalf("OpenTransfer told %#v, want TransferOpened", got)
	}
	return got
}

// cent is the line that proves the company whose account it is.
func cent(ref string, to flows.TransferOpened) flows.Credit {
	return flows.Credit{
		Ref: ref, At: Noon.Add(time.Hour), Amount: 1, Currency: "CNY", To: to.To.Account,
		Payer: flows.Conceal("杭州甲(浙江)科技有限公司"), PayerAccount: flows.Conceal("1202022719900000001"),
	}
}

func (a *applicant) credited(c flows.Credit) {
	a.t.Helper()
	if err := a.l.Credited(a.t.Context(), c, Noon.Add(2*time.Hour)); err != nil {
		a.t.Fatalf("Credited(%s) = %v", c.Ref, err)
	}
}

func (a *applicant) status() flows.Kind {
	a.t.Helper()
	return a.tells(func(ref desk.Ref) error {
		return a.l.TransferStatus(a.t.Context(), ref, Noon.Add(3*time.Hour))
	}).Kind()
}

func newHandler(t *testing.T, l Ledger, name string) *applicant {
	t.Helper()
	a := newApplicant(t, l, name)
	a.handler()
	return a
}

func proofFoundAgain(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	first := a.asksForTransfer(Noon)
	if want := Noon.Add(7 * 24 * time.Hour); !first.Until.Equal(want) {
		t.Errorf("Until = %v, want seven days: %v", first.Until, want)
	}
	if again := a.asksForTransfer(Noon.Add(time.Hour)); again.To != first.To || !again.Until.Equal(first.Until) {
		t.Errorf("OpenTransfer again = %+v, want the same: %+v", again, first)
	}
	if got := a.facts().Form.Text(flows.KeyPayeeAccount); got != first.To.Account {
		t.Errorf("Facts know the account %q, want %q", got, first.To.Account)
	}
}

// proofOfAnotherCode changes the credit code while the proof is open, and once
// more when it has succeeded: what counts is the code of the proof.
func proofOfAnotherCode(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	first := a.asksForTransfer(Noon)
	types := func(code string) {
		a.saves("company.page", map[flows.Key]string{flows.KeyCreditCode: code})
	}
	types("91330106MA0000023F")
	second := a.asksForTransfer(Noon)
	if second.To.Account == first.To.Account {
		t.Fatal("a proof was kept although the credit code has changed")
	}
	a.credited(cent("1", first))
	if a.facts().CompanyVerified {
		t.Error("money for the first code proved the second")
	}
	types("91330106MA0000031A")
	a.credited(cent("2", second))
	if f := a.facts(); !f.CompanyVerified || f.Form.Text(flows.KeyCreditCode) != "91330106MA0000023F" {
		t.Errorf("proved %t under the code %s, want the one that the proof was opened with", f.CompanyVerified, f.Form.Text(flows.KeyCreditCode))
	}
}

func proofAccounts(t *testing.T, l Ledger) {
	one, other := newHandler(t, l, "a").asksForTransfer(Noon), newHandler(t, l, "b").asksForTransfer(Noon)
	if one.To.Account == other.To.Account {
		t.Errorf("two companies were told the same account %s", one.To.Account)
	}
	if !strings.HasPrefix(one.To.Account, ourAccount.Account) || len(one.To.Account) != len(ourAccount.Account)+6 {
		t.Errorf("account %s is not %s with six digits", one.To.Account, ourAccount.Account)
	}
	if one.To.Name != ourAccount.Name || one.To.Bank != ourAccount.Bank {
		t.Errorf("payee = %+v, want the name and the bank of %+v", one.To, ourAccount)
	}
}

func proofExpires(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	old := a.asksForTransfer(Noon)
	fresh := a.asksForTransfer(old.Until)
	if fresh.To.Account == old.To.Account {
		t.Fatalf("the account %s is given out after its time", old.To.Account)
	}
	late := cent("late", old)
	late.At = old.Until
	a.credited(late)
	if a.status() != flows.KindTransferNotYet || a.count(flows.KindTransferWrong) != 1 {
		t.Errorf("a late cent on the old account: told %v, want TransferWrong once", a.told())
	}
}

func centProves(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	opened := a.asksForTransfer(Noon)
	if a.facts().CompanyVerified || a.status() != flows.KindTransferNotYet {
		t.Fatal("the company is proved before any money came")
	}
	a.credited(cent("line", opened))
	a.credited(cent("line", opened))
	if n := a.count(flows.KindCompanyProved); n != 1 {
		t.Errorf("CompanyProved was told %d times, want once", n)
	}
	if !a.facts().CompanyVerified || a.status() != flows.KindCompanyProved {
		t.Error("the company's cent did not prove it")
	}
	got := a.tells(func(ref desk.Ref) error { return l.OpenTransfer(t.Context(), ref, ourAccount, Noon) })
	if got.Kind() != flows.KindCompanyProved {
		t.Errorf("OpenTransfer of a proved company told %#v, want CompanyProved", got)
	}
}

func centWrong(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	opened := a.asksForTransfer(Noon)
	two, other := cent("two", opened), cent("other", opened)
	two.Amount = 2
	other.Payer = flows.Conceal("宁波乙贸易有限公司")
	for _, c := range []flows.Credit{two, other, two, other} {
		a.credited(c)
	}
	if n := a.count(flows.KindTransferWrong); n != 2 {
		t.Errorf("TransferWrong was told %d times, want once for each of two lines", n)
	}
	if a.calls() != "" {
		t.Error("lines that came again were counted again: an agent is called after two")
	}
	for id, what := range a.told() {
		if w, ok := what.(flows.TransferWrong); ok && (w.Why == "" || strings.Contains(w.Why, "宁波乙贸易")) {
			t.Errorf("%s says %q: no words, or another party's name", id, w.Why)
		}
	}
	a.credited(cent("right", opened))
	if !a.facts().CompanyVerified {
		t.Error("after wrong lines the right one did not prove the company")
	}
}

func centSeenLate(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	old := a.asksForTransfer(Noon)
	a.asksForTransfer(old.Until)
	a.credited(cent("in time", old))
	if !a.facts().CompanyVerified {
		t.Error("money booked in time, and shown after it, did not count")
	}
	if got := a.status(); got != flows.KindCompanyProved {
		t.Errorf("TransferStatus told %s, want CompanyProved", got)
	}
}

func centForNobody(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	stray := cent("stray", a.asksForTransfer(Noon))
	stray.To = ourAccount.Account
	a.credited(stray)
	a.credited(stray)
	if a.facts().CompanyVerified || a.count(flows.KindTransferWrong) != 0 {
		t.Error("money to no account in particular was somebody's")
	}
}

func centTwice(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	opened := a.asksForTransfer(Noon)
	a.credited(cent("one", opened))
	a.credited(cent("two", opened))
	if n := a.count(flows.KindCompanyProved) + a.count(flows.KindTransferWrong); n != 1 {
		t.Errorf("two cents of the same company were told %d times, want once", n)
	}
	stranger := cent("three", opened)
	stranger.Payer = flows.Conceal("宁波乙贸易有限公司")
	a.credited(stranger)
	if a.count(flows.KindTransferWrong) != 0 || a.calls() == "" {
		t.Error("a stranger's money after the proof is for an agent, not for the applicant")
	}
}

func proofCrowd(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	refs := make([]desk.Ref, Rivals)
	for i := range refs {
		refs[i] = a.ref()
	}
	err := together(nil, func(n int) error { return l.OpenTransfer(t.Context(), refs[n], ourAccount, Noon) })
	if err != nil {
		t.Fatal(err)
	}
	accounts := map[string]bool{}
	for _, ref := range refs {
		accounts[a.heard(ref.Answer()).(flows.TransferOpened).To.Account] = true
	}
	if len(accounts) != 1 {
		t.Errorf("%d accounts were given out, want one", len(accounts))
	}
}

func centCrowd(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	opened := a.asksForTransfer(Noon)
	if err := together(nil, func(n int) error {
		return l.Credited(t.Context(), cent(fmt.Sprintf("line-%d", n%2), opened), Noon)
	}); err != nil {
		t.Fatal(err)
	}
	if n := a.count(flows.KindCompanyProved); n != 1 {
		t.Errorf("CompanyProved was told %d times, want once", n)
	}
}

func centAgent(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	opened := a.asksForTransfer(Noon)
	for n := range 3 {
		if a.calls() != "" {
			t.Fatalf("an agent is called after %d wrong lines", n)
		}
		c := cent(fmt.Sprint(n), opened)
		c.Amount = 100
		a.credited(c)
	}
	if a.calls() == "" {
		t.Error("after three wrong lines nobody is called")
	}
}
