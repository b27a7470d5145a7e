package desktest

// How the suites get somebody to serve: an applicant whose account exists, who
// is proved, or who has said everything that an order needs.

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Ledger is all ports of one store, for the suites of those ports whose work
// begins where another's ends. Told shows what the store has reported.
type Ledger interface {
	desk.Book
	desk.Accounts
	desk.Checks
	desk.Transfers
	desk.Payouts
	desk.Grants
	desk.Orders
	desk.Payments
	desk.Parcels
	desk.Certificates
	desk.Endings
	desk.Helpdesk
	desk.Retention

	// Attempts lists what was tried to prove a talk's person and company.
	Attempts(ctx context.Context, talk desk.TalkID, at time.Time) ([]flows.Attempt, error)

	// Told lists every report to a talk, by its identifier.
	Told(ctx context.Context, talk desk.TalkID) (map[string]flows.Happening, error)
}

const (
	someName = "王小明"
	someOrg  = "杭州甲（浙江）科技有限公司"
)

// applicant is somebody with a talk of their own.
type applicant struct {
	t    *testing.T
	l    Ledger
	talk desk.TalkID
	refs int
}

func newApplicant(t *testing.T, l Ledger, name string) *applicant {
	t.Helper()
	return &applicant{t: t, l: l, talk: NewTalk(t, l, name)}
}

// ref names an effect that was not asked for before.
func (a *applicant) ref() desk.Ref {
	a.refs++
	return desk.Ref{Talk: a.talk, Event: fmt.Sprintf("event-%d", a.refs), Index: 0}
}

// saves enters a page, as confirming it does.
func (a *applicant) saves(page flows.PageID, answers map[flows.Key]string) {
	a.t.Helper()
	form := flows.Form{}
	for k, v := range answers {
		form[k] = flows.Conceal(v)
	}
	err := a.l.Enter(a.t.Context(), []desk.Pending{{Ref: a.ref(), Effect: flows.Save{Page: page, Form: form}, At: Noon}})
	if err != nil {
		a.t.Fatalf("Enter(save %s) = %v", page, err)
	}
}

func (a *applicant) registers() {
	a.t.Helper()
	ctx := a.t.Context()
	h := fnv.New32a()
	h.Write([]byte(a.talk))
	mobile := fmt.Sprintf("138%08d", h.Sum32()%100_000_000)
	a.saves("register.account", map[flows.Key]string{flows.KeyLogin: "login-" + string(a.talk), flows.KeyMobile: mobile})
	code, err := a.l.NewCode(ctx, a.talk, flows.SendCode{Purpose: flows.PurposeRegister}, a.ref().String(), Noon)
	if err != nil {
		a.t.Fatalf("NewCode = %v", err)
	}
	a.saves("register.person", map[flows.Key]string{
		flows.KeyCode: code.Code.Reveal(), flows.KeyPassword: "$argon2id$v=19$m=65536,t=1,p=2$c2FsdHNhbHQ$aGFzaGhhc2g",
	})
	ref := a.ref()
	if err := a.l.Register(ctx, ref, Noon); err != nil {
		a.t.Fatalf("Register = %v", err)
	}
	if got := a.heard(ref.Answer()); got == nil || got.Kind() != flows.KindRegistered {
		a.t.Fatalf("Register told %#v, want Registered", got)
	}
}

// person makes the applicant a person who is proved.
func (a *applicant) person() {
	a.t.Helper()
	a.saves("welcome", map[flows.Key]string{flows.KeyKind: flows.KindPerson, flows.KeyDuty: "on"})
	a.showsFace()
}

func (a *applicant) showsFace() {
	a.t.Helper()
	ctx := a.t.Context()
	a.saves("person.page", map[flows.Key]string{flows.KeyName: someName, flows.KeyIDNumber: "11010519491231002X"})
	check, err := a.l.OpenCheck(ctx, a.ref(), flows.WayFace, Noon)
	if err != nil {
		a.t.Fatalf("OpenCheck = %v", err)
	}
	check.Provider = "face-" + check.Number
	if err := a.l.CheckOpened(ctx, a.ref(), check, Noon); err != nil {
		a.t.Fatalf("CheckOpened = %v", err)
	}
	if err := a.l.CheckEnded(ctx, check.Number, desk.CheckEnd{State: flows.FacePassed}, Noon); err != nil {
		a.t.Fatalf("CheckEnded = %v", err)
	}
}

// handler makes the applicant a company's handler who is proved; the company
// is not.
func (a *applicant) handler() {
	a.t.Helper()
	a.saves("welcome", map[flows.Key]string{flows.KeyKind: flows.KindCompany, flows.KeyOrgName: someOrg, flows.KeyDuty: "on"})
	a.showsFace()
	a.saves("company.page", map[flows.Key]string{flows.KeyCreditCode: "91330106MA0000015K"})
}

// chooses says everything that an order needs, with a price and a title that a
// hostile page made up.
func (a *applicant) chooses() {
	a.t.Helper()
	a.saves("service.choose", map[flows.Key]string{flows.KeyService: "数字证书（UKey，一年）"})
	a.saves("title", map[flows.Key]string{flows.KeyTitle: "宁波乙贸易有限公司"})
	a.livesIn("北京市")
	a.saves("total", map[flows.Key]string{flows.KeyKeyFee: "0.01", flows.KeyCourierFee: "0.00", flows.KeyTotal: "0.01"})
}

func (a *applicant) livesIn(province string) {
	a.t.Helper()
	a.saves("service.delivery", map[flows.Key]string{
		flows.KeyRecipient: someName, flows.KeyProvince: province, flows.KeyCity: "某市", flows.KeyDistrict: "某区",
		flows.KeyDetail: "文三路90号1号楼502", flows.KeyToMobile: "13800138000",
	})
}

// orders returns the order that placing one tells of.
func (a *applicant) orders() flows.Ordered {
	a.t.Helper()
	got, ok := a.tells(func(ref desk.Ref) error { return a.l.PlaceOrder(a.t.Context(), ref, Noon) }).(flows.Ordered)
	if !ok {
		a.t.Fatalf("PlaceOrder told %#v, want Ordered", got)
	}
	return got
}

// opens returns an attempt to pay that the cashier knows of.
func (a *applicant) opens(at time.Time) desk.Payment {
	a.t.Helper()
	p, err := a.l.OpenPayment(a.t.Context(), a.ref(), at)
	if err != nil {
		a.t.Fatalf("OpenPayment = %v", err)
	}
	p.QR = "https://qr.example/" + p.Number
	if err := a.l.PaymentOpened(a.t.Context(), a.ref(), p, at); err != nil {
		a.t.Fatalf("PaymentOpened = %v", err)
	}
	return p
}

// pays brings the applicant to a paid order.
func (a *applicant) pays() desk.Payment {
	a.t.Helper()
	a.chooses()
	a.orders()
	p := a.opens(Noon)
	a.settles(trade(p), Noon)
	return p
}

func (a *applicant) settles(t flows.Trade, at time.Time) {
	a.t.Helper()
	if err := a.l.SettlePayment(a.t.Context(), t, "notify", at); err != nil {
		a.t.Fatalf("SettlePayment(%+v) = %v", t, err)
	}
}

func trade(p desk.Payment) flows.Trade {
	return flows.Trade{Number: p.Number, State: flows.TradePaid, Amount: p.Amount, No: "2026" + p.Number, At: Noon}
}

// tells performs an effect and returns the report that answers it.
func (a *applicant) tells(perform func(desk.Ref) error) flows.Happening {
	a.t.Helper()
	ref := a.ref()
	if err := perform(ref); err != nil {
		a.t.Fatalf("%s: %v", ref, err)
	}
	return a.heard(ref.Answer())
}

func (a *applicant) told() map[string]flows.Happening {
	a.t.Helper()
	all, err := a.l.Told(a.t.Context(), a.talk)
	if err != nil {
		a.t.Fatalf("Told = %v", err)
	}
	return all
}

func (a *applicant) heard(id string) flows.Happening {
	a.t.Helper()
	return a.told()[id]
}

// count returns how many reports of a kind there are that answer no effect.
func (a *applicant) count(kind flows.Kind) int {
	a.t.Helper()
	n := 0
	for id, what := range a.told() {
		if what.Kind() == kind && !strings.HasPrefix(id, desk.AnswerTo) {
			n++
		}
	}
	return n
}

func (a *applicant) facts() flows.Facts {
	a.t.Helper()
	return Facts(a.t, a.l, a.talk)
}

// calls returns why an agent is wanted, or nothing.
func (a *applicant) calls() string {
	a.t.Helper()
	return strings.Join(a.reasons(), " ")
}

// reasons returns each reason for which an agent is wanted.
func (a *applicant) reasons() []string {
	a.t.Helper()
	all, err := a.l.Waiting(a.t.Context())
	if err != nil {
		a.t.Fatalf("Waiting = %v", err)
	}
	i := slices.IndexFunc(all, func(h desk.Help) bool { return h.Talk == a.talk })
	if i < 0 {
		return nil
	}
	return all[i].Why
}

// together has rivals do something at once and returns the errors that are not
// the expected one.
func together(expected error, do func(i int) error) error {
	unexpected := Together(do)
	return errors.Join(slices.DeleteFunc(unexpected, func(err error) bool { return errors.Is(err, expected) })...)
}
