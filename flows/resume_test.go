package flows

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func answers(kv ...Key) Form {
	f := Form{KeyKind: Conceal(KindCompany), KeyOrgName: Conceal("x")}
	for _, k := range kv {
		f[k] = Conceal("x")
	}
	return f
}

// chose is what an enterprise answered that chose how to be proved.
func chose(method string, kv ...Key) Form {
	f := answers(kv...)
	f[KeyCreditCode], f[KeyMethod] = Conceal("91330106MA0000015K"), Conceal(method)
	return f
}

// factor is what somebody answered who wants no face.
func factor(factor string, kv ...Key) Form {
	f := answers(kv...)
	f[KeyFactor] = Conceal(factor)
	return f
}

// given is a consent in force.
func given(doc Agreement) map[string]Consent {
	return map[string]Consent{doc.ID: {Version: doc.Version, At: time.Date(2026, 11, 23, 10, 0, 0, 0, Beijing)}}
}

// TestResume walks every row of Resumes with the least that leads there.
func TestResume(t *testing.T) {
	person := Form{KeyKind: Conceal(KindPerson), KeyTitle: Conceal("x")}
	overseas := Form{KeyKind: Conceal(KindCompany), KeyCreditCode: Conceal("HK1234567"), KeyTitle: Conceal("x")}
	both := Facts{Begun: true, Registered: true, PersonVerified: true, CompanyVerified: true}
	with := func(f Facts, form Form, change func(*Facts)) Facts {
		f.Begun, f.Form = true, form
		if change != nil {
			change(&f)
		}
		return f
	}
	tests := []struct {
		name  string
		facts Facts
		want  State
	}{
		{"gone on elsewhere", with(Facts{}, answers(), func(f *Facts) { f.Moved = true }), Moved},
		{"cancelled", with(both, answers(), func(f *Facts) { f.Cancelled = true }), Cancelled},
		{"activated", with(both, answers(), func(f *Facts) { f.Paid, f.Delivered, f.Activated = true, true, true }), Done},
		{"enterprise named", with(Facts{PersonVerified: true}, chose(""), func(f *Facts) { f.Paid, f.Delivered = true, true }), CompanyMethod},
		{"company named", with(Facts{PersonVerified: true}, chose(MethodTransfer), func(f *Facts) { f.Paid, f.Shipped = true, true }), CompanyRules},
		{"delivered", with(both, answers(), func(f *Facts) { f.Paid, f.Delivered = true, true }), ActivationReady},
		{"shipped", with(both, answers(), func(f *Facts) { f.Paid, f.Shipped = true, true }), DeliveryWay},
		{"paid", with(both, answers(), func(f *Facts) { f.Ordered, f.Paid = true, true }), DeliveryPacking},
		{"ordered", with(both, answers(KeyTotal), func(f *Facts) { f.Ordered = true }), PaymentOpening},
		{"address known", with(both, answers(KeyTitle, KeyTaxNumber, KeyTotal), nil), ServiceConfirm},
		{"invoice known", with(both, answers(KeyTitle, KeyTaxNumber), nil), ServiceDelivery},
		{"company's service chosen", with(both, answers(KeyTitle), nil), ServiceInvoice},
		{"untaxed service chosen", with(Facts{PersonVerified: true}, person, nil), ServiceReceipt},
		{"untaxed service chosen", with(both, overseas, nil), ServiceReceipt},
		{"proved", with(both, answers(), nil), ServiceChoose},
		{"company was sent money", with(Facts{PersonVerified: true}, answers(KeyCreditCode, KeyAmountUntil), nil), CompanyPaying},
		{"company awaits money", with(Facts{PersonVerified: true, Agreed: given(transferRules)}, answers(KeyCreditCode, KeyPayeeAccount), nil), CompanyOpening},
		{"company named", with(Facts{PersonVerified: true, Agreed: map[string]Consent{transferRules.ID: {Version: "2020-01-01"}}}, answers(KeyCreditCode, KeyPayeeAccount, KeyMethod), nil), CompanyRules},
		{"company agreed to the transfer's rules", with(Facts{PersonVerified: true, Agreed: given(transferRules)}, answers(KeyCreditCode), nil), CompanyOpening},
		{"company awaits a grant", with(Facts{PersonVerified: true, Agreed: given(grantNotice)}, chose(MethodCompany, KeyPayeeAccount, KeyGrantUntil), nil), CompanyGranting},
		{"company chose its Alipay account", with(Facts{PersonVerified: true}, chose(MethodRepresentative, KeyPayeeAccount), nil), CompanyDeclare},
		{"company's branch known", with(Facts{PersonVerified: true}, chose(MethodTransfer, KeyProofAccount, KeyProofCode), nil), CompanyConfirm},
		{"company's account named", with(Facts{PersonVerified: true}, chose(MethodTransfer, KeyProofAccount), nil), CompanyBranchSearch},
		{"enterprise named", with(Facts{PersonVerified: true}, chose(""), nil), CompanyMethod},
		{"company named", with(Facts{PersonVerified: true}, chose(MethodTransfer), nil), CompanyRules},
		{"person proved", with(Facts{Registered: true, PersonVerified: true}, answers(KeyIDNumber, KeyOrgName), nil), CompanyPage},
		{"company has no name yet", with(Facts{Registered: true, PersonVerified: true}, Form{KeyKind: Conceal(KindCompany), KeyCreditCode: Conceal("x")}, nil), CompanyName},
		{"company awaits a review", with(Facts{PersonVerified: true}, chose(MethodPapers, KeyPapers), nil), CompanyReviewing},
		{"person awaits a review", with(Facts{Registered: true}, factor(FactorPapers, KeyIDNumber, KeyPapers), nil), PersonReviewing},
		{"person awaits a comparison", with(Facts{Registered: true, Agreed: given(cardNotice)}, factor(FactorCard, KeyIDNumber), nil), PersonComparing},
		{"person chose how to be proved", with(Facts{Registered: true}, factor(FactorCard, KeyMobile), nil), PersonMethod},
		{"person named", with(Facts{Registered: true, Agreed: given(faceNotice)}, answers(KeyIDNumber), nil), PersonOpening},
		{"registered", with(Facts{Registered: true, Agreed: map[string]Consent{faceNotice.ID: {Version: "2020-01-01"}}}, answers(KeyIDNumber), nil), PersonStart},
		{"person chose how to be proved", with(Facts{Registered: true, Agreed: given(mobileNotice)}, factor(FactorCard, KeyIDNumber), nil), PersonMethod},
		{"person agreed to the check", with(Facts{Registered: true, Agreed: given(faceNotice)}, answers(KeyMobile), nil), PersonPage},
		{"registered", with(Facts{Registered: true}, answers(KeyMobile), nil), PersonStart},
		{"company's mobile known", with(Facts{}, answers(KeyMobile), nil), RegisterCompany},
		{"person's mobile known", with(Facts{}, Form{KeyKind: Conceal(KindPerson), KeyMobile: Conceal("x")}, nil), RegisterPerson},
		{"kind known", with(Facts{}, answers(), nil), RegisterAccount},
		{"nothing known", with(Facts{}, nil, nil), Welcome},
	}
	f := Manual(testPhone)
	tested := map[string]bool{}
	for _, tt := range tests {
		tested[tt.name] = true
		t.Run(tt.name, func(t *testing.T) {
			for _, owner := range []OwnerKind{OwnerBot, OwnerQueue, OwnerAgent} {
				tt.facts.Owner = Owner{Kind: owner, Epoch: 7}
				c, effects := f.Resume(tt.facts, said("到哪了", ""))
				if c.At != tt.want || c.Owner != tt.facts.Owner {
					t.Errorf("Resume = %s, owner %+v, want %s, %+v", c.At, c.Owner, tt.want, tt.facts.Owner)
				}
				step, _ := f.Step(c.At)
				clocked := f.reminds(step)
				for _, x := range step.Exits {
					clocked = clocked || x.On.after > 0
				}
				if got := count[Wait](Outcome{Effects: effects}) > 0; got != clocked {
					t.Errorf("%s: the clock is set: %v, want %v", c.At, got, clocked)
				}
			}
		})
	}
	for _, r := range f.Resumes {
		if !tested[r.Name] {
			t.Errorf("nothing tests resuming when %s", r.Name)
		}
	}
}

func TestResumeLeavesAStrangerAStranger(t *testing.T) {
	if c, effects := Manual(testPhone).Resume(Facts{}, said("你好", "")); c.At != "" || len(effects) > 0 {
		t.Errorf("Resume of nothing = %s, %v", c.At, effects)
	}
}

// TestNewsThatResumesIsTold has a report find a case that stands where it leads,
// or further on, because the facts know already: where that is is told all the
// same. What its step waits for says what it always says.
func TestNewsThatResumesIsTold(t *testing.T) {
	f := Manual(testPhone)
	company := Facts{Begun: true, Registered: true, PersonVerified: true, CompanyVerified: true, Form: answers(KeyCreditCode)}
	paid := company
	paid.Ordered, paid.Paid = true, true
	delivered := paid
	delivered.Shipped, delivered.Delivered = true, true
	for _, tt := range []struct {
		facts Facts
		what  Happening
		want  string // in what is said; empty for nothing
	}{
		{company, CompanyProved{}, "实名认证已完成"},
		{paid, Paid{No: "D1"}, "已收到您的付款"},
		{delivered, Shipped{}, "UKey 已送达"},
		{paid, Booked{}, ""},
	} {
		c, _ := f.Resume(tt.facts, Event{ID: "r", Via: Within, What: tt.what})
		c.Form[KeyOrderNo] = Conceal("D1")
		out := f.Decide(c, Event{ID: "r", Via: Within, What: tt.what})
		if said := len(out.Replies) > 0 && strings.Contains(out.Replies[0].Text, tt.want); said != (tt.want != "") {
			t.Errorf("%s at %s says %+v, want %q", tt.what.Kind(), c.At, out.Replies, tt.want)
		}
		again := f.Decide(out.Case, Event{ID: "r2", Via: Within, What: tt.what})
		if len(again.Replies) > 0 {
			t.Errorf("%s says %+v a second time", tt.what.Kind(), again.Replies)
		}
	}
}

// TestResumeIsHarmless plays random facts: whatever is left of a case, it stands
// in a declared step, keeps its owner, and answers.
func TestResumeIsHarmless(t *testing.T) {
	f := Manual(testPhone)
	rapid.Check(t, func(t *rapid.T) {
		yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
		facts := Facts{
			Begun: true, Registered: yes("registered"), PersonVerified: yes("person"), CompanyVerified: yes("company"), Ordered: yes("ordered"),
			Paid: yes("paid"), Shipped: yes("shipped"), Delivered: yes("delivered"), Activated: yes("activated"), Cancelled: yes("cancelled"),
			Form: answers(rapid.SliceOf(rapid.SampledFrom([]Key{KeyMobile, KeyIDNumber, KeyCreditCode, KeyTitle, KeyTotal, KeyWhy})).Draw(t, "form")...),
		}
		c, effects := f.Resume(facts, said("帮助", ""))
		if _, ok := f.Step(c.At); !ok || c.Form.Has(KeyWhy) || count[Own](Outcome{Effects: effects}) > 0 {
			t.Fatalf("Resume(%+v) = %s", facts, c.At)
		}
		if out := f.Decide(c, said("帮助", "")); len(out.Replies) == 0 {
			t.Fatalf("no answer at %s", c.At)
		}
	})
}
