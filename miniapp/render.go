package miniapp

// From the present step of a case to a view.

import (
	"slices"
	"strings"

	"certdesk/flows"
)

// Shown is what a view is made of.
type Shown struct {
	Flow     *flows.Flow
	Case     flows.Case
	Question flows.Reply // what the step asks, as [flows.Flow.Question] gives it
	Said     []string    // what was said before the question
	Refusals map[flows.Key]string
	Nonce    string
	Stay     string // mark of the entry into the step
	Card     string // address of the page to be passed on, when the question has one
	Browser  string // address of the step's page in a browser
	Known    Known  // whether Alipay's number may be asked for
}

// Known says whether we can read what Alipay knows of its user.
type Known bool

// How soon the client asks again, in seconds: while the world moves, and while
// news may come although it is the applicant's turn.
const (
	soon  = 2
	later = 10
)

// Render makes the view of a step. It reveals what the manual says to the
// applicant and the values of fixed fields, and nothing else of the form.
func Render(s Shown) View {
	step, _ := s.Flow.Step(s.Case.At)
	v := View{
		At: string(step.At), Stay: s.Stay, Nonce: s.Nonce, Title: s.Flow.Fill(step.Title, s.Case.Form),
		Said: []string{}, Text: []string{}, Choices: []Choice{}, Trail: trail(s.Flow, s.Case), Turn: Turn(step.Turn),
		Owner: owner(s.Case.Owner), Refusals: map[string]string{}, Words: words(step, s.Case), Phone: s.Flow.Phone,
	}
	for key, why := range s.Refusals {
		v.Refusals[string(key)] = why
	}
	for _, text := range s.Said {
		v.Said = append(v.Said, paragraphs(inApp.Replace(text))...)
	}
	if s.Case.Owner.Kind == flows.OwnerBot {
		v.ask(step, s)
	} else {
		v.Text = append(v.Text, ownerSays(s.Case.Owner))
	}
	v.Over = step.End && v.Owner.Kind == string(ownerBot)
	v.Waiting = v.waits(step)
	switch {
	case v.Over:
	case v.Waiting:
		v.LookAgain = soon
	default:
		v.LookAgain = later
	}
	return v
}

const ownerBot = "bot"

func owner(o flows.Owner) Owner {
	if o.Kind == flows.OwnerBot {
		return Owner{Kind: ownerBot}
	}
	return Owner{Kind: string(o.Kind), Name: o.Name}
}

func ownerSays(o flows.Owner) string {
	if o.Kind == flows.OwnerQueue {
		return "正在为您转接人工客服，请稍候，客服会在这里回复您。您可以先把问题发过来。"
	}
	return "客服" + o.Name + "正在为您服务，请直接在下面留言。"
}

// ask puts the step itself into the view, when it is the bot who asks.
func (v *View) ask(step flows.Step, s Shown) {
	if step.At == "" {
		v.Text = append(v.Text, "您好，请点“"+flows.WordGoOn+"”开始办理数字证书。")
		return
	}
	for _, c := range s.Question.Choices {
		v.Choices = append(v.Choices, Choice(c))
	}
	switch {
	case step.Page != nil && sendsFiles(*step.Page):
		v.Card = &Card{Title: labelFiles, URL: s.Browser}
		s.Question.Text = strings.Replace(s.Question.Text, "请点开下面的页面", "请用浏览器打开下面的链接", 1)
	case step.Page != nil:
		v.Page = page(*step.Page, s.Case, s.Known)
	}
	if s.Question.Card != nil { // no step has both
		v.Card = &Card{Title: s.Question.Card.Title, URL: s.Card}
	}
	v.offer(step, s)
	v.Title = v.inHand(v.Title)
	v.Text = append(v.Text, paragraphs(v.inHand(s.Question.Text))...)
}

// offer puts the thing to press into the view. A code is shown only when there
// is none: who reads this cannot scan their own screen.
func (v *View) offer(step flows.Step, s Shown) {
	form := s.Case.Form
	switch {
	case step.At == flows.PaymentPay && form.Has(flows.KeyTrade):
		v.Pay = &Pay{TradeNo: form.Text(flows.KeyTrade), Total: form.Text(flows.KeyTotal)}
	case step.At == flows.PersonScan && form.Has(flows.KeyFaceURL):
		v.Face = &Face{CertifyURL: form.Text(flows.KeyFaceURL)}
	case s.Question.QR != nil:
		v.QR = &QR{Content: s.Question.QR.Content, Caption: s.Question.QR.Caption}
		if s.Question.QR.By == flows.WeChat {
			v.QR.Picture = form.Text(flows.KeyJoinPicture)
		}
	}
}

// labelFiles stands above the address of a page that takes files: the client
// has no way to send one.
const labelFiles = "这一页要在浏览器里上传：复制链接，用浏览器打开，提交后回到这里。"

func sendsFiles(p flows.Page) bool {
	return slices.ContainsFunc(p.Fields, func(f flows.Field) bool { return f.Input == flows.InputFile })
}

// The labels of the client's two buttons, as the text names them.
const (
	labelPay  = "立即付款"
	labelFace = "开始刷脸"
)

// What the manual says to people in a chat, with a code on some screen, and what
// that is for people who have Alipay in their hand and the page before them.
var (
	inApp = strings.NewReplacer(
		"二维码不能在微信里打开：请保存图片后用支付宝“扫一扫”选相册，或用另一部手机的支付宝扫描。", "",
		"二维码不能在微信里打开：请保存图片后用支付宝“扫一扫”选相册。", "",
		"，也可以在聊天里直接发代码，或发一张营业执照的照片", "",
		"，也可以在聊天里把开票信息整段发过来，或发一张截图", "",
		"也可以在聊天里直接回复。", "",
		"扫描二维码，登录后一键授权", "打开下面的授权页，登录后一键授权",
		"把图片转给同事扫就可以", "请同事打开下面的授权页就可以",
		"请点开下面的页面，", "请在下面",
		"请点开下面的页面", "请在下面",
		"请点开页面", "请在下面",
	)
	pressing = strings.NewReplacer(
		"请用支付宝扫码付款", "请点“"+labelPay+"”",
		"扫码刷脸", "刷脸",
		"请用支付宝扫描二维码完成人脸识别", "请点“"+labelFace+"”，由本人完成人脸识别",
	)
)

func (v *View) inHand(text string) string {
	text = inApp.Replace(text)
	if v.Pay != nil || v.Face != nil {
		text = pressing.Replace(text)
	}
	return text
}

func paragraphs(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(p string) bool { return strings.TrimSpace(p) == "" })
}

const applicant = "您" // in Turn.Who

// waits reports whether the next move is not the applicant's, or is made
// elsewhere so that its result comes by itself.
func (v *View) waits(step flows.Step) bool {
	if v.Over || step.At == "" {
		return false
	}
	return v.Owner.Kind != ownerBot || step.Turn.Who != applicant || v.Pay != nil || v.Face != nil || v.QR != nil
}

// words are what may be said besides an answer, in this step.
func words(step flows.Step, c flows.Case) []string {
	switch {
	case c.Owner.Kind == flows.OwnerAgent:
		return []string{}
	case c.Owner.Kind == flows.OwnerQueue:
		return []string{flows.WordGoOn, flows.WordWhere}
	case step.At == "":
		return []string{flows.WordGoOn}
	case step.End:
		return []string{flows.WordHelp, flows.WordHuman, flows.WordAbout}
	}
	return []string{flows.WordHelp, flows.WordBack, flows.WordWhere, flows.WordCancel, flows.WordHuman, flows.WordAbout}
}

func trail(f *flows.Flow, c flows.Case) []Milestone {
	way := []Milestone{}
	for _, m := range f.Milestones(c) {
		way = append(way, Milestone{Name: m.Name, State: string(m.State)})
	}
	return way
}

func page(p flows.Page, c flows.Case, known Known) *Page {
	out := &Page{Name: string(p.ID), Title: p.Title, Intro: p.Intro, Submit: p.Submit, Fields: []Field{}, Provinces: []string{}}
	for _, f := range p.Fields {
		out.Fields = append(out.Fields, field(f, c, known))
		if f.Input == flows.InputProvince {
			out.Provinces = flows.Provinces()
		}
	}
	return out
}

// unsaid is what no view carries, whoever proposed it.
var unsaid = []flows.Key{flows.KeyPassword, flows.KeyPassword2, flows.KeyCode, flows.KeyIDNumber, flows.KeyPaperNumber, flows.KeyBankCard, flows.KeyBankAccount, flows.KeyProofAccount}

func field(f flows.Field, c flows.Case, known Known) Field {
	out := Field{Key: string(f.Key), Label: f.Label, Hint: f.Hint, Input: string(f.Input), Optional: f.Optional, Known: f.Known && bool(known)}
	switch {
	case f.Input == flows.InputFixed:
		out.Value = flows.Show(f.Key, c.OnPage())
	case !slices.Contains(unsaid, f.Key):
		out.Value = c.Proposed.Text(f.Key)
	}
	if d := f.Document; d != nil {
		out.Document = &Document{ID: d.ID, Title: d.Title, Version: d.Version, Text: d.Text}
	}
	return out
}
