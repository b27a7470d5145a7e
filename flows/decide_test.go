package flows

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// forward is what takes a case one step further, in the language of the
// transcripts; a history made of these and of noise reaches every chapter.
var forward = map[State][]string{
	Welcome:             {"> 企业", "> 个人"},
	RegisterNotice:      {"> 1", "> 2"},
	RegisterAccount:     {">> login=13912345678 mobile=13912345678"},
	RegisterCompany:     {">> org=杭州例子科技有限公司 org2=杭州例子科技有限公司 code=204816 password=longenough1 password2=longenough1 terms=on duty=on"},
	RegisterHuman:       {"> 苹果", "> 西瓜"},
	RegisterPerson:      {">> code=204816 password=longenough1 password2=longenough1 terms=on duty=on"},
	RegisterWait:        {"! registered login=13912345678", "! not-registered field=code why=验证码不对。", "! not-registered field=login why=换一个。"},
	PersonStart:         {"> 1", "> 2"},
	PersonLater:         {"> 1", "! waited"},
	PersonConsent:       {"> 1", "> 2", "> 3"},
	PhoneNew:            {">> newmobile=13900139000", "> 不换了"},
	PhoneCode:           {">> code=204816"},
	PhoneChanging:       {"! phone-changed mobile=13900139000", "! phone-refused why=不一致。"},
	PersonMethod:        {"> 2", "> 3", "> 1"},
	PersonMobile:        {">> name=王小明 id=11010519491231002X consent=on"},
	PersonCard:          {">> name=王小明 id=11010519491231002X bankcard=6222020000000000000 consent=on"},
	PersonComparing:     {"! face-done name=王小明", "! face-refused why=不一致。"},
	PersonPage:          {">> name=王小明 id=11010519491231002X"},
	PersonOpening:       {"! face-opened url=https://face until=23h", "! face-refused why=不一致。", "! face-done name=王小明"},
	PersonScan:          {"! face-done name=王小明", "> 1", "! face-not-yet", "! face-refused why=没有通过。", "! waited"},
	PersonExpired:       {"> 1"},
	CompanyPage:         {">> uscc=91330106MA0000015K", "> 单位名称不对"},
	CompanyName:         {">> org=杭州例子软件有限公司 org2=杭州例子软件有限公司"},
	CompanyDiffers:      {"> 1", "> 2", "> 3"},
	CompanyMethod:       {"> 1", "> 2", "> 3"},
	RouteKind:           {"> 1", "> 2", "> 3"},
	RouteLegal:          {"> 2", "> 1"},
	RouteAlipay:         {"> 1", "> 2"},
	RouteBank:           {"> 1", "> 2", "> 3", "> 4"},
	RoutePlan:           {"> 1", "> 2"},
	CompanyComparing:    {"! transfer-seen payer=杭州例子科技有限公司", "! not-representative why=登记的不是您。", "! representative-named"},
	CompanyDeclare:      {"> 1", "> 2"},
	CompanyGranting:     {"! grant-opened url=https://grant until=23h", "! grant-refused why=试得太多。"},
	CompanyGrant:        {"! transfer-seen payer=杭州例子科技有限公司", "! grant-refused why=不是贵单位的。", "> 1", "> 3", "! waited"},
	CompanyGrantExpired: {"> 1", "> 2"},
	CompanyLegal:        {"! transfer-seen payer=杭州例子科技有限公司", "! not-representative why=登记的不是您。", "! representative-named"},
	CompanyRules:        {"> 1"},
	CompanyOpening:      {"! transfer-opened name=平台 account=33001 bank=银行 until=168h", "! transfer-seen payer=杭州例子科技有限公司"},
	CompanyTransfer:     {"! transfer-seen payer=杭州例子科技有限公司", "! transfer-wrong why=金额不对。", "! waited"},
	CompanyExpired:      {"> 1"},
	CompanyAccount:      {">> pacct=33001616781053000001 pbank=中国工商银行 pprov=浙江省 pcity=杭州市 pbranch=杭州文三支行", ">> pacct=33001616781053000001 pbank=中国工商银行 pprov=浙江省 pcity=杭州市 pbranch=杭州文三支行 pcode=103331002026"},
	CompanyBranchSearch: {"! branches-found list=102331002026_中国工商银行杭州文三支行", "! branches-found list=102331002034_中国工商银行杭州文三西支行|102331002042_中国工商银行杭州文三东支行", "! branches-found", "! branches-unknown", "! branches-found asked=某支行", "! waited"},
	CompanyBranch:       {"> 1", "> 2", "> 都不是", "> 不在里面", "> 文三", "> 103331002026"},
	CompanyBranchWords:  {">> psaid=文三", "> 1", "> 2", "> 102331002026"},
	CompanyBranchCode:   {">> psaid=102331002026", "> 1", "> 103331002026"},
	CompanyConfirm:      {"> 1", "> 2", "> 修改银行账号"},
	CompanyPaying:       {"! payout-sent tail=0001 until=168h", "! payout-refused why=账号不对。"},
	CompanyAmount:       {">> amount=0.35", "! payout-not-yet why=还在路上。", "! payout-refused why=银行退回。", "! waited"},
	CompanyChecking:     {"! transfer-seen payer=杭州例子科技有限公司", "! amount-wrong left=1 why=金额不对。", "! amount-wrong left=0 why=金额不对。"},
	CompanyUntold:       {"> 1", "> 2"},
	ServiceChoose:       {"> 1"},
	ServiceInvoice:      {">> tax=91330106MA0000015K"},
	ServiceReceipt:      {">> page=service.receipt"},
	ServiceDelivery:     {">> to=李小红 prov=浙江 city=杭州市 dist=西湖区 addr=某某路12号3单元401室 tomob=13787654321"},
	ServiceConfirm:      {"> 1"},
	PaymentOrdering:     {"! ordered no=D1 key=200.00 courier=12.00 total=212.00", "! paid no=D1 amount=212.00"},
	PaymentOpening:      {"! pay-opened qr=https://qr until=30m", "! pay-refused why=稍后再试。", "! paid no=D1 amount=212.00"},
	PaymentPay:          {"! paid no=D1 amount=212.00 ships=11月25日", "> 1", "! pay-not-yet", "! waited"},
	PaymentExpired:      {"> 1"},
	DeliveryPacking:     {"! shipped waybill=SF1", "! booked waybill=SF1", "! waited"},
	DeliveryUnbooked:    {"> 1", "! booked waybill=SF3", "! waited"},
	DeliveryWay:         {"! delivered where=已签收", "! parcel-trouble where=打不通", "> 1"},
	DeliveryTrouble:     {"! delivered where=已签收", "! shipped waybill=SF2", "> 1"},
	ActivationReady:     {"> 1"},
	ActivationTicket:    {"! ticket-ready code=ABCD-1234 until=30m"},
	ActivationMake:      {"! key-step step=2 name=证书新领请求 state=done", "! activated serial=01", "! waited"},
	ActivationMaking:    {"! key-step step=4 name=导入加密密钥对 state=done", "! activated serial=01"},
	Done:                {"> 谢谢"},
	CancelConfirm:       {"> 1", "> 2"},
	CancelPaid:          {"> 1"},
	Cancelled:           {"> 1"},
}

// noise may happen at any time.
var noise = []string{
	"> 帮助", "> 返回", "> 到哪了", "> 取消", "> 人工", "> 继续办理", "> 谢谢", "> 1", "> 2", "> 3", "> 99", "> {voice}", "> 13912345678",
	"> 修改银行账号", "> 修改收货地址", "> 修改机构名称", "> 修改税号", "> {image m1}", "> 第一个", "> 被骗了",
	"! picture-read page=service.delivery to=李小红 addr=某某路99号", "! picture-read page=company.page uscc=91330106MA0000015K",
	"> [立即实名]@person.start", "> [确认并付款]@service.confirm", "> [确定取消]@cancel.confirm", ">> login=13912345678 mobile=13912345678",
	">> page=person.page name=王小明 id=11010519491231002X", ">> page=service.receipt", ">> nonsense=1",
	"@ taken agent=a1 name=小林", "@ taken agent=a2 name=小周", "@ taken agent=a2 name=小周 from=a1", "@ handed agent=a1", "@ handed agent=a2", "@ said agent=a1 text=您好",
	"! followed scene=363", "! left", "! waited", "! waited entry=e0", "! agent-called before=3", "! code-sent mobile=13912345678",
	"! code-refused why=太频繁。", "! registered login=13912345678", "! not-registered field=code why=晚了。", "! face-opened url=https://late until=1h",
	"! face-refused why=晚了。", "! face-done name=王小明", "! face-not-yet", "! transfer-opened name=平台 account=1 bank=银行 until=1h",
	"! transfer-seen payer=杭州例子科技有限公司", "! transfer-wrong why=晚了。", "! transfer-not-yet", "! payout-sent tail=9 until=1h", "! payout-refused why=晚了。", "! payout-not-yet why=晚了。", "! amount-wrong left=0 why=晚了。", "! not-representative why=晚了。", "! representative-named", "! grant-opened url=https://late until=1h", "! grant-refused why=晚了。", "! grant-not-yet", "! ordered no=D2 key=1 courier=1 total=2",
	"! pay-opened qr=https://late until=1h", "! pay-refused why=晚了。", "! pay-not-yet", "! paid no=D1 amount=212.00", "! paid no=D2 amount=2.00",
	"! booked waybill=SF9", "! shipped waybill=SF9", "! parcel-moved where=途中", "! parcel-trouble where=打不通", "! delivered where=已签收",
	"! ticket-ready code=XXXX-9999 until=1m", "! key-step step=1 name=生成签名密钥对 state=failed", "! key-step step=2 name=证书新领请求 state=failed", "! activated serial=09",
}

// history draws one thing that happens to a case.
func history(t *rapid.T, c Case, n int) Event {
	line := ""
	switch choice := rapid.IntRange(0, 9).Draw(t, "sort"); {
	case choice < 6 && len(forward[c.At]) > 0:
		line = rapid.SampledFrom(forward[c.At]).Draw(t, "forward")
	case choice < 9:
		line = rapid.SampledFrom(noise).Draw(t, "noise")
	default:
		line = "> " + rapid.String().Draw(t, "text")
	}
	e := Event{ID: fmt.Sprintf("e%d", n), At: noon, Via: via(line)}
	what, err := ReadScript(line, c, e.At)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	e.What = what
	for _, w := range []Way{WayFace, WayMobile, WayRegister, WayAlipay, WayPayout} {
		if rapid.IntRange(0, 9).Draw(t, "away") == 0 {
			e.Away |= WaysOf(w)
		}
	}
	return e
}

// TestDecideKeepsItsPromises walks thousands of random histories.
func TestDecideKeepsItsPromises(t *testing.T) {
	f := Manual(testPhone)
	rapid.Check(t, func(t *rapid.T) {
		var c Case
		for n := range rapid.IntRange(1, 60).Draw(t, "events") {
			e := history(t, c, n+1)
			before := c
			before.Form = maps.Clone(c.Form)
			out := f.Decide(c, e)
			if !reflect.DeepEqual(c, before) {
				t.Fatalf("Decide changed the case it was given")
			}
			if again := f.Decide(c, e); !reflect.DeepEqual(out, again) {
				t.Fatalf("the same event gave %v and %v", out.Script(), again.Script())
			}
			for _, broken := range brokenPromises(f, c, e, out) {
				t.Fatalf("%s at %q: %s\n%s", e.What.Kind(), c.At, broken, strings.Join(out.Script(), "\n"))
			}
			c = out.Case
		}
		answersAnything(t, f, c)
	})
}

func brokenPromises(f *Flow, before Case, e Event, out Outcome) []string {
	var broken []string
	expect := func(ok bool, promise string) {
		if !ok {
			broken = append(broken, promise)
		}
	}
	now := out.Case
	step, declared := f.Step(now.At)
	spoke := len(out.Replies)+len(out.Refusals) > 0
	expect(declared || now.At == "", "the state is declared")
	expect(spoke || !fromPerson(e) || before.Owner.Kind == OwnerAgent, "a person is answered")
	expect(!slices.ContainsFunc(out.Replies, func(r Reply) bool { return r.Text == "" }), "no reply is empty")
	expect(count[PlaceOrder](out) <= 1, "an order is placed once")
	expect(now.Left == "" || step.detour(), "only a detour remembers where it began")
	expect(now.Owner.Epoch-before.Owner.Epoch == int64(count[Own](out)), "each change of owner raises the epoch")
	expect(!now.Form.Has(KeyPassword) && !now.Form.Has(KeyCode), "what opens doors is not kept")
	chapter, _, _ := strings.Cut(string(now.At), ".")
	if slices.Contains([]string{"service", "payment", "delivery", "activation"}, chapter) {
		expect(alreadyProved.Holds(now, e), "nobody orders without being proved (M21)")
	}
	if p, ok := e.What.(Paid); ok {
		repeated := now.At == before.At && afterPayment.Holds(before, e) && before.Form.Text(KeyOrderNo) == p.No
		expect(spoke || len(out.Effects) > 0 || now.At != before.At || repeated, "money leaves a trace")
		expect(count[BookCourier](out) == 0 || p.No != before.Form.Text(KeyDropped), "the money of a cancelled order pays for no other")
	}
	if before.Owner.Kind == OwnerAgent && now.Owner == before.Owner && e.Via != Console {
		expect(!slices.ContainsFunc(out.Replies, func(r Reply) bool { return len(r.Choices) > 0 || r.Page != nil }), "an agent's customer is asked nothing")
	}
	if said := strings.Join(out.Script(), "\n"); true {
		for _, secret := range []string{"13912345678", "13787654321", "11010519491231002X", "longenough1"} {
			expect(!strings.Contains(said, secret), "personal data is masked")
		}
	}
	return broken
}

func fromPerson(e Event) bool {
	return slices.Contains([]Kind{KindSaid, KindSent, KindFilled, KindFollowed}, e.What.Kind())
}

func count[E Effect](out Outcome) int {
	n := 0
	for _, e := range out.Effects {
		if _, ok := e.(E); ok {
			n++
		}
	}
	return n
}

// answersAnything is promise 2: in each state the words work and each printed
// choice is taken, by a tap, by its number and by its label.
func answersAnything(t *rapid.T, f *Flow, c Case) {
	if c.Owner.Kind == OwnerAgent {
		return
	}
	for _, word := range []string{WordHelp, WordBack, WordWhere, WordHuman, WordCancel} {
		if out := f.Decide(c, said(word, "")); len(out.Replies) == 0 || out.Via == "not understood" {
			t.Fatalf("%q at %s: %v", word, c.At, out.Script())
		}
	}
	if c.Owner.Kind != OwnerBot || c.At == "" {
		return
	}
	for n, choice := range f.Question(c).Choices {
		for _, e := range []Event{said("", choice.ID), said(fmt.Sprint(n+1), ""), said(choice.Label, "")} {
			if out := f.Decide(c, e); !strings.HasPrefix(out.Via, "“"+choice.Label+"”") && !(offers(f, c, choice.Label) && strings.HasPrefix(out.Via, "answers")) {
				t.Fatalf("choice %s at %s, given as %+v, took %q", choice.Label, c.At, e.What, out.Via)
			}
		}
	}
}

// offers reports whether a choice is an answer to the step's reader.
func offers(f *Flow, c Case, label string) bool {
	step, _ := f.Step(c.At)
	return step.Read != nil && step.Read.Offer != nil && slices.Contains(step.Read.Offer(c.Form), label)
}

func said(text, choice string) Event {
	return Event{ID: "said", At: noon, Via: WeChat, What: Said{Text: text, Choice: choice}}
}

// TestWordsAnswerAnywhere asks for help, for the way back, for the progress, for
// a person, for what this is and for an end in every single step.
func TestWordsAnswerAnywhere(t *testing.T) {
	f := Manual(testPhone)
	for _, at := range f.States() {
		for _, word := range []string{WordHelp, WordBack, WordWhere, WordHuman, WordCancel, WordAbout, "HELP", "帮助。", " 人工 ", "首页", "联系我们"} {
			for _, owner := range []OwnerKind{OwnerBot, OwnerQueue} {
				out := f.Decide(Case{At: at, Owner: Owner{Kind: owner}}, said(word, ""))
				if len(out.Replies) == 0 || out.Via == "not understood" {
					t.Errorf("%q at %s, owner %q: %v", word, at, owner, out.Script())
				}
				if word == WordHelp && !strings.Contains(strings.Join(out.Script(), ""), testPhone) {
					t.Errorf("help at %s does not tell the phone (M2)", at)
				}
			}
		}
		out := f.Decide(Case{At: at}, said("关于平台", ""))
		if n := len(out.Replies); n != 3 || out.Via != "about" || out.Case.At != at || out.Replies[n-1].Text != f.Question(Case{At: at}).Text {
			t.Errorf("who asks what this is at %s is not told, or not asked again (M3): %v", at, out.Script())
		}
		out = f.Decide(Case{At: at}, said(WordHuman, ""))
		if out.Case.Owner.Kind != OwnerQueue || count[CallAgent](out) != 1 || out.Case.At != at {
			t.Errorf("a person is not called at %s: %v", at, out.Script())
		}
	}
}

// TestChoiceIDs keeps every printed choice apart from every other.
func TestChoiceIDs(t *testing.T) {
	seen := map[string]string{}
	for _, c := range Manual(testPhone).Chapters {
		for _, s := range c.Steps {
			for _, x := range s.Exits {
				if x.On.pick == "" {
					continue
				}
				id, what := choiceID(s.At, x.On.pick), string(s.At)+" "+x.On.pick
				if len(id) != 8 || (seen[id] != "" && seen[id] != what) {
					t.Errorf("choice %q has id %s, which %q has", what, id, seen[id])
				}
				seen[id] = what
			}
		}
	}
}

// TestReader covers the one kind of step that the manual has none of now: one
// that reads its answer in the chat.
func TestReader(t *testing.T) {
	f := Manual(testPhone)
	f.Start = "ask"
	f.Chapters = []Chapter{{Name: "ask", Steps: []Step{
		{
			At: "ask", Ask: "手机号？", Help: "11位。", Read: &Reader{Name: "mobile", Key: KeyMobile, Read: readMobile},
			Exits: []Exit{{On: Answered(), To: "end"}},
		},
		{At: "end", Ask: "{mobile}", Help: "完。", End: true},
	}}}
	c := f.Decide(Case{}, said("帮助", "")).Case
	if out := f.Decide(c, said("1380013", "")); out.Via != "refused" || out.Case.At != "ask" || out.Case.Misses != 1 {
		t.Errorf("a bad answer: %v", out.Script())
	}
	if out := f.Decide(c, said(WordHelp, "")); out.Via != "help" {
		t.Errorf("a command was read as an answer: %v", out.Script())
	}
	out := f.Decide(c, said("139 1234 5678", ""))
	if out.Case.At != "end" || out.Case.Form.Text(KeyMobile) != "13912345678" || out.Replies[0].Text != "139****5678" || count[Save](out) != 1 {
		t.Errorf("a good answer: %v", out.Script())
	}
}

func FuzzDecide(f *testing.F) {
	flow := Manual(testPhone)
	states := append(flow.States(), "", "gone.for.good")
	for i, text := range []string{"1", "取消", "１", "😀", "\x00", "{phone}", strings.Repeat("长", 3000), "人工。", "“帮助”"} {
		f.Add(text, text, uint8(i), uint8(i))
	}
	f.Fuzz(func(t *testing.T, text, choice string, at, owner uint8) {
		kinds := []OwnerKind{OwnerBot, OwnerQueue, OwnerAgent}
		c := Case{At: states[int(at)%len(states)], Owner: Owner{Kind: kinds[int(owner)%len(kinds)], Agent: "a1"}}
		for _, what := range []Happening{
			Said{Text: text, Choice: choice}, Sent{Media: text}, Followed{Scene: text},
			Filled{Page: PageID(c.At), Values: Form{KeyMobile: Conceal(text), KeyLogin: Conceal(text), KeyIDNumber: Conceal(choice), KeyName: Conceal(text), KeyDetail: Conceal(text)}},
		} {
			e := Event{ID: "e", At: noon, Via: WeChat, What: what}
			out := flow.Decide(c, e)
			if _, ok := flow.Step(out.Case.At); !ok && c.Owner.Kind == OwnerBot {
				t.Errorf("%s led from %s to %q, which does not exist", what.Kind(), c.At, out.Case.At)
			}
			if len(out.Replies)+len(out.Refusals) == 0 && c.Owner.Kind == OwnerBot {
				t.Errorf("%s at %s: no answer", what.Kind(), c.At)
			}
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	f := Manual(testPhone)
	c := Case{At: ServiceConfirm, Form: Form{}}
	for k := range known {
		c.Form[k] = Conceal("某某路12号3单元401室")
	}
	c.Form[KeyKind] = Conceal(KindCompany)
	e := said(WordWhere, "")
	b.ReportAllocs()
	for b.Loop() {
		f.Decide(c, e)
	}
}
