package flows

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// world answers every effect as the ledger promises to: doing again what is done
// gives the report that doing it gave. Reports and clocks lie in a heap, from
// which they are taken in any order, and some of them twice.
type world struct {
	heap []Happening
	done map[Kind]bool
}

// ask performs an effect.
func (w *world) ask(e Effect) {
	switch x := e.(type) {
	case Wait:
		if x.For < OrderWithin { // whoever keeps going never leaves an order for that long
			w.tell(Waited{Entry: x.Entry, Nudge: x.Nudge})
		}
	case SendCode:
		w.tell(CodeSent{Aloud: x.Aloud, Callable: true})
	case Register:
		w.tell(Registered{})
	case VerifyFace:
		w.unless(FaceDone{}, FaceOpened{URL: "https://face"}, FaceDone{})
	case CheckFace:
		w.unless(FaceDone{}, FaceNotYet{})
	case ChangePhone:
		w.tell(PhoneChanged{Mobile: Conceal("13900139000")})
	case CompareFactors:
		w.unless(FaceDone{}, FaceRefused{Why: "不一致。"}, FaceDone{})
	case AskReview:
		if x.Party == PartyCompany {
			w.unless(CompanyProved{}, GrantRefused{Why: "没有盖章。"}, CompanyProved{})
		} else {
			w.unless(FaceDone{}, FaceRefused{Why: "看不清。"}, FaceDone{})
		}
	case OpenTransfer:
		w.unless(CompanyProved{}, TransferOpened{To: Payee{Account: "1"}}, TransferWrong{Why: "金额不对。"}, CompanyProved{})
	case CheckTransfer:
		w.unless(CompanyProved{}, TransferNotYet{})
	case FindBranch:
		q := BranchQuery{Bank: "中国工商银行", Province: "浙江省", City: "杭州市", Name: "杭州文三支行"}
		w.tell(BranchesUnknown{}, q.Found([]Branch{{Code: "102331002026", Name: "中国工商银行杭州文三支行"}}), q.Found([]Branch{{Code: "102331002034", Name: "中国工商银行文三西支行"}}))
	case SendPayout:
		w.unless(CompanyProved{}, PayoutSent{Tail: "0001"}, PayoutRefused{Why: "账号不对。"}, PayoutSent{Tail: "0001"})
	case CheckPayout:
		w.unless(CompanyProved{}, PayoutNotYet{Why: "还在路上。"})
	case CheckAmount:
		w.unless(CompanyProved{}, AmountWrong{Left: 1, Why: "金额不对。"}, CompanyProved{})
	case CompareName:
		w.tell(NameDiffers{Org: Organisation{Name: Conceal("杭州例子科技有限公司"), CreditCode: Conceal("91330106MA0000015K")}})
	case CompareRepresentative:
		w.unless(CompanyProved{}, NotRepresentative{Why: "登记的不是您。"}, RepresentativeNamed{})
	case OpenGrant:
		w.unless(CompanyProved{}, GrantOpened{URL: "https://grant"}, GrantRefused{Why: "不是贵单位的。"}, CompanyProved{})
	case CheckGrant:
		w.unless(CompanyProved{}, GrantNotYet{})
	case PlaceOrder:
		w.unless(Paid{No: "D1"}, Ordered{No: "D1"})
	case OpenPayment:
		w.unless(Paid{No: "D1"}, PayOpened{QR: "https://qr"}, Paid{No: "D1", Amount: 1})
	case CheckPayment:
		w.unless(Paid{No: "D1"}, PayNotYet{})
	case BookCourier:
		if !w.done[KindBooked] {
			w.done[KindBooked] = true
			w.tell(Booked{"SF1"}, Shipped{"SF1"}, ParcelMoved{"途中"}, ParcelTrouble{"打不通"}, Delivered{"已签收"})
		}
	case OfferActivation:
		w.unless(Activated{"01"}, TicketReady{Code: Conceal("A")}, KeyStep{2, "证书新领请求", "done"}, KeyStep{4, "导入加密密钥对", "done"}, Activated{"01"})
	case CallAgent:
		w.tell(AgentCalled{})
	}
}

func (w *world) tell(news ...Happening) { w.heap = append(w.heap, news...) }

// unless tells the end when it has been reached, and the way there otherwise.
func (w *world) unless(end Happening, way ...Happening) {
	if w.done[end.Kind()] {
		w.tell(end)
		return
	}
	w.tell(way...)
}

// take gives one piece of news from anywhere in the heap, and perhaps leaves it
// there to be told again.
func (w *world) take(t *rapid.T) Happening {
	i := rapid.IntRange(0, len(w.heap)-1).Draw(t, "which")
	news := w.heap[i]
	if rapid.IntRange(0, 3).Draw(t, "again") > 0 {
		w.heap = slices.Delete(w.heap, i, i+1)
	}
	w.done[news.Kind()] = true
	return news
}

// TestAnyOrderArrives is promise 1 from the applicant's side: however late,
// often and mixed up the world reports, whoever keeps going arrives, and
// nothing is left over for an agent.
func TestAnyOrderArrives(t *testing.T) {
	f := Manual(testPhone)
	rapid.Check(t, func(t *rapid.T) {
		w := &world{done: map[Kind]bool{}}
		kind := rapid.SampledFrom(forward[Welcome]).Draw(t, "kind")
		var c Case
		var past []string
		for n := 0; c.At != Done; n++ {
			if n > 2000 {
				t.Fatalf("never arrives, stands at %s:\n%s", c.At, strings.Join(past[len(past)-20:], "\n"))
			}
			e := Event{ID: fmt.Sprintf("e%d", n), At: noon, Via: Within}
			if len(w.heap) > 0 && rapid.Bool().Draw(t, "world") {
				e.What = w.take(t)
			} else {
				e.Via, e.What = WeChat, act(t, c, kind)
			}
			out := f.Decide(c, e)
			past = append(past, fmt.Sprintf("%s: %s -> %s (%s)", c.At, e.What.Kind(), out.Case.At, out.Via))
			c = out.Case
			for _, effect := range out.Effects {
				if o, ok := effect.(Orphan); ok {
					t.Fatalf("an orphan %s:\n%s", o.Report, strings.Join(past, "\n"))
				}
				w.ask(effect)
			}
		}
	})
}

// act is what somebody does who wants to get on.
func act(t *rapid.T, c Case, kind string) Happening {
	line := kind
	if c.At != Welcome {
		line = "> " + WordWhere
		for _, l := range forward[c.At] {
			if l[0] == '>' {
				line = l
				break
			}
		}
	}
	what, err := ReadScript(line, c, noon)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return what
}
