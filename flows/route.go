package flows

import (
	"slices"
	"strings"
)

// Before 1.3.2: which lawful way of proving a company is the quickest (I7). Four
// short questions, before anything is filled in or when somebody hesitates; they
// lead back to where they were asked. What they come to is said wherever a way is
// chosen, and anew when one fails or a partner is away. Nothing typed is lost.

// The questions, and what they come to before registration.
const (
	RouteKind   State = "route.kind"
	RouteLegal  State = "route.legal"
	RouteAlipay State = "route.alipay"
	RouteBank   State = "route.bank"
	RoutePlan   State = "route.plan"
)

var route = Chapter{
	Name: "route", Title: "选最快的认证方式", Only: KindCompany,
	Steps: []Step{
		routeStep(RouteKind, "单位类型", "", "先回答几个短问题，帮您选最快的认证方式。\n贵单位是哪一种？",
			"营业执照上的代码以91或92开头的，是企业或个体工商户。",
			Exit{On: Picked("企业或个体工商户", "企业", "公司", "个体工商户", "个体户"), If: open(WayRegister), Do: []Action{asked("an enterprise", OrgEnterprise)}, To: RouteLegal},
			Exit{On: Picked("企业或个体工商户", "企业", "公司", "个体工商户", "个体户"), Do: []Action{asked("an enterprise", OrgEnterprise)}, To: RouteAlipay},
			Exit{On: Picked("机关、事业单位或社会组织", "机关", "事业单位", "社会组织"), Do: []Action{asked("no enterprise", OrgOther)}, To: RouteBank},
			Exit{On: Picked("境外组织", "境外公司", "外国公司"), If: unregistered, Do: []Action{asked("an overseas organisation", askedOverseas)}, To: RoutePlan},
			Exit{On: Picked("境外组织", "境外公司", "外国公司"), Do: []Action{asked("an overseas organisation", askedOverseas)}, To: Return},
		),
		routeStep(RouteLegal, "法定代表人", RouteKind, "您本人就是单位的法定代表人吗？",
			"营业执照上“法定代表人”一栏是您本人，就选“是我本人”。个体工商户的经营者也一样。",
			Exit{On: Picked("是我本人", "是"), Do: []Action{note("the representative", KeyAskedLegal, askedYes)}, To: RouteAlipay},
			Exit{On: Picked("不是我", "不是"), Do: []Action{note("not the representative", KeyAskedLegal, askedNo)}, To: RouteAlipay},
		),
		routeStep(RouteAlipay, "企业支付宝", RouteLegal, "单位有实名的企业支付宝吗？由同事管理的也算。",
			"用支付宝收公司款项的，一般都有。不清楚的话选“没有或不清楚”，之后还可以换。",
			Exit{On: Picked("有"), Do: []Action{note("with an account at Alipay", KeyAskedAlipay, askedYes)}, To: RouteBank},
			Exit{On: Picked("没有或不清楚", "没有", "不清楚"), Do: []Action{note("without an account at Alipay", KeyAskedAlipay, askedNo)}, To: RouteBank},
		),
		routeStep(RouteBank, "对公账户", RouteAlipay, "最后一问：单位的对公银行账户，现在可以怎么用？",
			"对公账户是用单位名称开的银行账户。可以由贵单位汇一分钱给我们，也可以由我们汇一笔小额款，贵单位查到金额后回填。外资银行的账户收不了我们的小额款，但可以汇给我们。",
			slices.Concat(
				answersBank("能汇出一分钱", askedSends, "能汇款", "能"),
				answersBank("只能查账，不方便汇款", askedReads, "只能查账"),
				answersBank("是外资银行的账户", askedForeign, "外资银行"),
				answersBank("没有对公账户", askedNo, "没有"),
			)...,
		),
		routeStep(RoutePlan, "已选好", RouteKind,
			"最快的认证方式是：{plan}\n走不通还有：{planb}\n请准备：{needs}\n全程：注册约3分钟，您本人实名认证约3分钟，再按上面的方式认证单位；付款后1到2个工作日寄出 UKey。\n走不通会请您换下一种，填过的不会丢。",
			"这是按您的回答选的，之后随时可以换。回答错了，点“重新回答”。",
			Exit{On: Picked("开始注册", "好的", "开始", "就这样办"), To: RegisterAccount},
			Exit{On: Picked("重新回答"), To: RouteKind},
		).doing(planRoute),
	},
}

// answersBank are the exits of one answer to the last question: to the plan, for
// who is yet to register, and back for everybody else.
func answersBank(label, answer string, words ...string) []Exit {
	noted := []Action{note("account: "+answer, KeyAskedBank, answer)}
	return []Exit{
		{On: Picked(label, words...), If: unregistered, Do: noted, To: RoutePlan},
		{On: Picked(label, words...), Do: noted, To: Return},
	}
}

// routeStep is a question that can be left at any time for where it was asked.
func routeStep(at State, title string, back State, ask, help string, exits ...Exit) Step {
	return Step{
		At:    at,
		Title: "选最快的方式：" + title,
		Turn:  Turn{"您", "半分钟"},
		Ask:   ask,
		Help:  help,
		Back:  back,
		Exits: append(exits,
			Exit{On: Picked("先不选了", "不选了", "跳过", WordGoOn), To: Return},
			Exit{On: After(undecided), To: Return},
		),
	}
}

func (s Step) doing(a Action) Step {
	s.Do = append(s.Do, a)
	return s
}

// asked notes the kind. What was answered for another kind counts no more.
func asked(name, kind string) Action {
	return Action{Name: name, Effect: func(Case) Effect {
		return Save{Page: PageID(KeyAskedKind), Form: Form{
			KeyAskedKind: Conceal(kind), KeyAskedLegal: {}, KeyAskedAlipay: {}, KeyAskedBank: {}, KeyTried: {},
		}}
	}}
}

// What was answered.
const (
	askedYes      = "yes"
	askedNo       = "no"
	askedOverseas = "overseas"
	askedSends    = "sends"
	askedReads    = "reads"
	askedForeign  = "foreign"
)

// Plan ranks the ways that may prove the company, the quickest first: those
// that are lawful for its kind and that the answers allow, that did not fail
// and whose partner is there. Papers always remain. There is no plan for who
// has answered nothing.
func (c Case) Plan() []Way {
	f := c.Form
	if !f.Has(KeyAskedKind) && !f.Has(KeyAskedAlipay) && !f.Has(KeyAskedBank) {
		return nil
	}
	if isOverseas(f) || !f.Has(KeyCreditCode) && f.Text(KeyAskedKind) == askedOverseas {
		return []Way{WayReview}
	}
	industry := f.Text(KeyAskedKind) != OrgOther
	if f.Has(KeyCreditCode) {
		industry = isIndustrial(f) // the code knows better
	}
	bank := f.Text(KeyAskedBank)
	possible := []struct {
		way Way
		is  bool
	}{
		{WayRegister, industry && f.Text(KeyAskedLegal) == askedYes},
		{WayAlipay, industry && f.Text(KeyAskedAlipay) == askedYes},
		{WayTransfer, bank == askedSends || bank == askedForeign},
		{WayPayout, bank == askedSends || bank == askedReads},
	}
	tried := strings.Split(f.Text(KeyTried), ",")
	var plan []Way
	for _, p := range possible {
		if p.is && !c.Away.Has(p.way) && !slices.Contains(tried, string(p.way)) {
			plan = append(plan, p.way)
		}
	}
	return append(plan, WayReview)
}

// What a way is for a company that plans: how long it takes, and what has to be
// at hand.
var planned = map[Way]struct{ takes, needs string }{
	WayRegister: {"核对登记的法定代表人，不到1分钟", "您本人的身份证"},
	WayAlipay:   {"企业支付宝一键授权，约1分钟", "企业支付宝的登录权限，或管它的同事"},
	WayTransfer: {"用对公账户汇款 0.01 元，几分钟到3个工作日", "财务从对公账户汇一分钱"},
	WayPayout:   {"由我们汇一笔 1 元以内的款、财务查到后回填，几分钟到1个工作日", "对公账户的账号、开户行和支行"},
	WayReview:   {"上传材料由人工核验，约1个工作日", "登记证书和盖章的授权书的照片"},
}

var (
	planRoute = Action{Name: "plan the route", Effect: func(c Case) Effect {
		plan := append(c.Plan(), "", "")
		texts := Form{
			KeyPlan:   Conceal(planned[plan[0]].takes),
			KeySecond: Conceal(planned[plan[1]].takes),
			KeyNeeds:  Conceal(planned[plan[0]].needs),
			KeyBetter: Conceal(planned[plan[0]].takes),
		}
		if plan[0] == WayTransfer {
			texts[KeyBetter] = Secret{} // which is recommended where transfers are explained
		}
		if texts[KeyPlan] == c.Form[KeyPlan] && texts[KeySecond] == c.Form[KeySecond] {
			return nil // nothing was asked, or nothing has changed
		}
		return Save{Page: PageID(KeyPlan), Form: texts}
	}}
	unregistered = &Guard{"not registered yet", func(c Case, _ Event) bool { return !c.Form.Has(KeyRegistered) }}
)

// quickest holds for who is advised to go a way.
func quickest(w Way) *Guard {
	return &Guard{"advised: " + w.Label(), func(c Case, _ Event) bool {
		plan := c.Plan()
		return len(plan) > 0 && plan[0] == w
	}}
}

// gaveUp notes that a way did not work, so that another is advised.
func gaveUp(w Way) Action {
	return Action{Name: "advise " + string(w) + " no more", Effect: func(c Case) Effect {
		tried := c.Form.Text(KeyTried)
		if slices.Contains(strings.Split(tried, ","), string(w)) {
			return nil
		}
		return Save{Page: PageID(KeyTried), Form: Form{KeyTried: Conceal(strings.Trim(tried+","+string(w), ","))}}
	}}
}

// open holds while a way can be gone: somebody is configured for it, and answers.
func open(w Way) *Guard {
	return &Guard{w.Label() + " can be used", func(c Case, _ Event) bool { return !c.Away.Has(w) }}
}

// away holds while it cannot.
func away(w Way) *Guard {
	return &Guard{w.Label() + " cannot be used now", func(c Case, _ Event) bool { return c.Away.Has(w) }}
}
