package flows

// 1.1 The entrance: which certificate, for whom.

// Welcome is where everybody begins.
const Welcome State = "welcome"

var welcome = Chapter{
	Name: "welcome", Title: "1.1 数字证书办理入口",
	Steps: []Step{
		{
			At:    Welcome,
			Lines: []int{1, 2, 5},
			Title: "选择证书类型",
			Turn:  Turn{"您", "半分钟"},
			Ask:   "您好，这里是数字证书办理服务。从注册、实名认证到 UKey 激活，都可以在这里完成。\n请问要办理哪一种证书？",
			Help:  "以单位名义签章，选企业证书；以本人名义签名，选个人证书。选定后账号类型不能更改。",
			Exits: []Exit{
				{On: Picked("企业证书", "企业", "单位", "公司", "机构"), Do: []Action{isCompany}, To: RegisterNotice, Lines: []int{5}},
				{On: Picked("个人证书", "个人", "本人"), Do: []Action{isPerson}, To: RegisterAccount, Lines: []int{5}},
			},
		},
	},
}

var (
	isCompany = note("an organisation applies", KeyKind, KindCompany)
	isPerson  = note("a person applies", KeyKind, KindPerson)
)

// note is the action that keeps a picked answer.
func note(name string, k Key, text string) Action {
	return Action{Name: name, Effect: func(c Case) Effect {
		return Save{Page: PageID(k), Form: Form{k: Conceal(text)}}
	}}
}

var (
	company = &Guard{"an organisation applies", func(c Case, _ Event) bool { return c.Form.Text(KeyKind) == KindCompany }}
	person  = &Guard{"a person applies", func(c Case, _ Event) bool { return c.Form.Text(KeyKind) == KindPerson }}
)
