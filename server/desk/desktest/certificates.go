package desktest

// The suite of the port that makes certificates.

import (
	"errors"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Certificates runs the suite of [desk.Certificates]. The function open
// returns an empty store and closes it with t.Cleanup.
func Certificates(t *testing.T, open func(t *testing.T) Ledger) {
	tests := map[string]func(*testing.T, Ledger){
		"there is no ticket for an unpaid order":        ticketUnpaid,
		"a ticket is used once, however it is typed":    ticketOnce,
		"of many who redeem a ticket one does":          ticketCrowd,
		"a newer ticket voids the older":                ticketVoid,
		"a ticket ends after half an hour":              ticketExpires,
		"a job run twice makes one ticket":              ticketJobTwice,
		"a newer session closes the older":              sessionNewer,
		"a session ends after two hours":                sessionExpires,
		"the making, step by step":                      makingWhole,
		"no step is made before its turn":               makingOrder,
		"another UKey or key pair is refused, for ever": makingOther,
		"of two answers of the authority one stays":     makingIssuedTwice,
		"the end is told once":                          makingFinishedOnce,
	}
	run(t, open, tests)
}

func newOwner(t *testing.T, l Ledger, name string) *applicant {
	t.Helper()
	a := newApplicant(t, l, name)
	a.saves("welcome", map[flows.Key]string{flows.KeyKind: flows.KindPerson})
	a.registers()
	a.showsFace()
	a.pays()
	return a
}

func (a *applicant) ticket(at time.Time) flows.TicketReady {
	a.t.Helper()
	got, ok := a.tells(func(ref desk.Ref) error { return a.l.OfferTicket(a.t.Context(), ref, at) }).(flows.TicketReady)
	if !ok {
		a.t.Fatalf("OfferTicket told %#v, want TicketReady", got)
	}
	return got
}

func (a *applicant) redeems(ticket flows.TicketReady, at time.Time) desk.Session {
	a.t.Helper()
	s, err := a.l.Redeem(a.t.Context(), ticket.Code, "PC-1", at)
	if err != nil {
		a.t.Fatalf("Redeem = %v", err)
	}
	return s
}

func (a *applicant) changes(s desk.Session, all ...desk.KeyChange) desk.Session {
	a.t.Helper()
	for _, c := range all {
		next, err := a.l.Change(a.t.Context(), s, c, Noon)
		if err != nil {
			a.t.Fatalf("Change(%+v) = %v", c, err)
		}
		s = next
	}
	return s
}

func (a *applicant) changeRefused(s desk.Session, c desk.KeyChange, want error) {
	a.t.Helper()
	if _, err := a.l.Change(a.t.Context(), s, c, Noon); !errors.Is(err, want) {
		a.t.Errorf("Change(%+v) = %v, want %v", c, err, want)
	}
}

var (
	device    = desk.KeyChange{Serial: "UKEY-0001"}
	authorise = desk.KeyChange{Authorise: &struct{}{}}
	publicKey = desk.KeyChange{PublicKey: []byte("spki")}
	issue     = desk.KeyChange{Issued: &flows.Issued{
		SignCert: []byte("sign"), EncCert: []byte("enc"), Envelope: flows.Envelope{Format: "f", KEK: []byte("kek"), Key: []byte("key")},
	}}
	challenge = desk.KeyChange{Challenge: &desk.Challenge{Nonce: []byte("nonce"), Plain: []byte("plain")}}
	finished  = desk.KeyChange{Finished: &struct{}{}}
)

func did(n int) desk.KeyChange {
	return desk.KeyChange{Step: &flows.KeyStep{Step: n, Name: "某步", State: "done"}}
}

// upToProof is everything before the proof.
var upToProof = []desk.KeyChange{device, authorise, did(1), publicKey, issue, did(2), did(3), did(4)}

func ticketUnpaid(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	if err := l.OfferTicket(t.Context(), a.ref(), Noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("OfferTicket for an unpaid order = %v, want ErrUnknown", err)
	}
}

func ticketOnce(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	ticket := a.ticket(Noon)
	pattern := regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`)
	if code := ticket.Code.Reveal(); !pattern.MatchString(code) {
		t.Errorf("the code %q is not two groups of four consonants", code)
	}
	if _, err := l.Redeem(t.Context(), flows.Conceal("BBBB-BBBB"), "PC-1", Noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Redeem of an invented code = %v, want ErrUnknown", err)
	}
	typed := flows.Conceal(" " + strings.ToLower(strings.ReplaceAll(ticket.Code.Reveal(), "-", " ")))
	s, err := l.Redeem(t.Context(), typed, "PC-1", Noon)
	if err != nil {
		t.Fatalf("Redeem of the code as typed = %v", err)
	}
	if s.Token.IsZero() || s.Talk != a.talk || s.Container == "" || s.Subject.Name.Reveal() != someName || s.Account.IsZero() || s.Mobile.IsZero() {
		t.Errorf("Redeem = %+v, lacks something", s)
	}
	if _, err := l.Redeem(t.Context(), ticket.Code, "PC-2", Noon); !errors.Is(err, desk.ErrUsed) {
		t.Errorf("Redeem again = %v, want ErrUsed", err)
	}
}

func ticketCrowd(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	ticket := a.ticket(Noon)
	var winners atomic.Int64
	if err := together(desk.ErrUsed, func(int) error {
		_, err := l.Redeem(t.Context(), ticket.Code, "PC-1", Noon)
		if err == nil {
			winners.Add(1)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n := winners.Load(); n != 1 {
		t.Errorf("%d redeemed one ticket, want one", n)
	}
}

func ticketVoid(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	old := a.ticket(Noon)
	fresh := a.ticket(Noon)
	if _, err := l.Redeem(t.Context(), old.Code, "PC-1", Noon); !errors.Is(err, desk.ErrExpired) {
		t.Errorf("Redeem of an older ticket = %v, want ErrExpired", err)
	}
	a.redeems(fresh, Noon)
}

func ticketExpires(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	ticket := a.ticket(Noon)
	if want := Noon.Add(30 * time.Minute); !ticket.Until.Equal(want) {
		t.Errorf("Until = %v, want %v", ticket.Until, want)
	}
	if _, err := l.Redeem(t.Context(), ticket.Code, "PC-1", ticket.Until); !errors.Is(err, desk.ErrExpired) {
		t.Errorf("Redeem after its time = %v, want ErrExpired", err)
	}
}

func ticketJobTwice(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	ref := a.ref()
	if err := together(nil, func(int) error { return l.OfferTicket(t.Context(), ref, Noon) }); err != nil {
		t.Fatal(err)
	}
	a.redeems(a.heard(ref.Answer()).(flows.TicketReady), Noon)
}

func sessionNewer(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	first := a.changes(a.redeems(a.ticket(Noon), Noon), device, authorise)
	second := a.redeems(a.ticket(Noon), Noon)
	if _, err := l.Session(t.Context(), first.Token, Noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Session of the older token = %v, want ErrUnknown", err)
	}
	a.changeRefused(first, publicKey, desk.ErrUnknown)
	got, err := l.Session(t.Context(), second.Token, Noon)
	if err != nil || got.Container != first.Container || got.Serial != "UKEY-0001" {
		t.Errorf("Session = %+v, %v; want the same container and UKey", got, err)
	}
	if got.Authorised {
		t.Error("the code given on one PC authorised another")
	}
}

func sessionExpires(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	s := a.redeems(a.ticket(Noon), Noon)
	if want := Noon.Add(2 * time.Hour); !s.Until.Equal(want) {
		t.Errorf("Until = %v, want %v", s.Until, want)
	}
	if _, err := l.Session(t.Context(), s.Token, s.Until); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Session after its time = %v, want ErrUnknown", err)
	}
	if _, err := l.Change(t.Context(), s, device, s.Until); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Change after its time = %v, want ErrUnknown", err)
	}
}

func makingWhole(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	s := a.redeems(a.ticket(Noon), Noon)
	s = a.changes(s, upToProof...)
	if s.Step != 4 || string(s.PublicKey) != "spki" || s.Issued == nil || string(s.Issued.Envelope.Key) != "key" {
		t.Fatalf("after four steps: %+v", s)
	}
	s = a.changes(s, challenge)
	if string(s.Nonce) != "nonce" || string(s.Plain) != "plain" {
		t.Errorf("the open challenge is %q and %q", s.Nonce, s.Plain)
	}
	s = a.changes(s, finished, did(5))
	if want := (flows.Activated{Serial: "UKEY-0001"}); a.heard("cert/"+s.OrderNo+"/activated") != want {
		t.Errorf("told %#v, want %#v", a.heard("cert/"+s.OrderNo+"/activated"), want)
	}
	if n := a.count(flows.KindKeyStep); n != 5 || s.Step != 5 || !a.facts().Activated {
		t.Errorf("%d steps were mirrored, last %d; want five", n, s.Step)
	}
	got := a.tells(func(ref desk.Ref) error { return l.OfferTicket(t.Context(), ref, Noon) })
	if got.Kind() != flows.KindActivated {
		t.Errorf("OfferTicket after the end told %#v, want Activated", got)
	}
}

func makingOrder(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	s := a.redeems(a.ticket(Noon), Noon)
	for _, stage := range []struct{ does, early []desk.KeyChange }{
		{nil, []desk.KeyChange{authorise, publicKey, issue, did(1), challenge, finished}},
		{[]desk.KeyChange{device}, []desk.KeyChange{publicKey, issue, did(1), challenge, finished}},
		{[]desk.KeyChange{authorise}, []desk.KeyChange{issue, did(2), challenge, finished}},
		{[]desk.KeyChange{did(1), publicKey}, []desk.KeyChange{did(2), did(3), challenge, finished}},
		{[]desk.KeyChange{issue}, []desk.KeyChange{did(3), did(4), challenge, finished}},
		{[]desk.KeyChange{did(2), did(3)}, []desk.KeyChange{did(5), challenge, finished}},
		{[]desk.KeyChange{did(4)}, []desk.KeyChange{did(5), finished}},
		{[]desk.KeyChange{challenge}, []desk.KeyChange{did(5)}},
		{[]desk.KeyChange{finished, did(5)}, []desk.KeyChange{{}, did(0), did(6), {Step: &flows.KeyStep{Step: 1, State: "perhaps"}}}},
	} {
		s = a.changes(s, stage.does...)
		s = a.changes(s, stage.does...) // the same again is harmless
		for _, c := range stage.early {
			a.changeRefused(s, c, desk.ErrWrong)
		}
	}
}

func makingOther(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	a.changes(a.redeems(a.ticket(Noon), Noon), device, authorise, publicKey)
	s := a.redeems(a.ticket(Noon), Noon)
	a.changeRefused(s, desk.KeyChange{Serial: "UKEY-0002"}, desk.ErrOther)
	s = a.changes(s, device, authorise)
	a.changeRefused(s, desk.KeyChange{PublicKey: []byte("other")}, desk.ErrOther)
	a.changes(s, publicKey)
}

func makingIssuedTwice(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	s := a.changes(a.redeems(a.ticket(Noon), Noon), device, authorise, publicKey, issue)
	other := desk.KeyChange{Issued: &flows.Issued{SignCert: []byte("second")}}
	if s = a.changes(s, other); string(s.Issued.SignCert) != "sign" {
		t.Errorf("the certificate is %q, want the first", s.Issued.SignCert)
	}
}

func makingFinishedOnce(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	s := a.changes(a.redeems(a.ticket(Noon), Noon), upToProof...)
	s = a.changes(s, challenge)
	if err := together(nil, func(int) error {
		_, err := l.Change(t.Context(), s, finished, Noon)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if n := a.count(flows.KindActivated); n != 1 {
		t.Errorf("Activated was told %d times, want once", n)
	}
}
