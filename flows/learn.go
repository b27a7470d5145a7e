package flows

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Learned is what a report tells, as answers of the form. The ledger keeps the
// same keys, so that a case resumed from Facts speaks the same words.
func Learned(what Happening) Form {
	f := Form{}
	put := func(k Key, text string) { f[k] = Conceal(text) }
	if why, known := whyNot(what); known {
		put(KeyWhy, why)
	}
	switch e := what.(type) {
	case CodeSent:
		f[KeyAloud] = Secret{}
		if e.Callable {
			put(KeyAloud, "1")
		}
	case Registered:
		put(KeyRegistered, "1")
	case FaceOpened:
		put(KeyFaceURL, e.URL)
		put(KeyFaceUntil, clock(e.Until))
	case FaceDone:
		put(KeyPersonProved, "1")
	case PhoneChanged:
		f[KeyMobile] = e.Mobile
	case TransferOpened:
		put(KeyPayeeName, e.To.Name)
		put(KeyPayeeAccount, e.To.Account)
		put(KeyPayeeBank, e.To.Bank)
		put(KeyPayeeUntil, clock(e.Until))
	case CompanyProved:
		put(KeyCompanyProved, "1")
		if !e.Code.IsZero() { // whatever was typed since it was asked for
			f[KeyOrgName], f[KeyCreditCode] = e.Org, e.Code
		}
	case BranchesFound:
		put(KeyBranchFound, listed(e.Branches))
	case PayoutSent:
		put(KeyPayoutTail, e.Tail)
		put(KeyAmountUntil, clock(e.Until))
		if e.Left > 0 {
			put(KeyAmountTries, strconv.Itoa(e.Left))
		}
	case AmountWrong:
		put(KeyAmountTries, strconv.Itoa(e.Left))
	case GrantOpened:
		put(KeyGrantURL, e.URL)
		put(KeyGrantUntil, clock(e.Until))
	case Ordered:
		put(KeyOrderNo, e.No)
		put(KeyKeyFee, e.Key.String())
		put(KeyCourierFee, e.Courier.String())
		put(KeyTotal, e.Total.String())
	case PayOpened:
		put(KeyPayQR, e.QR)
		put(KeyTrade, e.Trade)
		put(KeyPayUntil, clock(e.Until))
	case Paid:
		put(KeyOrderNo, e.No)
		put(KeyShips, e.Ships)
	case Shipped:
		put(KeyWaybill, e.Waybill)
	case Booked:
		put(KeyWaybill, e.Waybill)
	case ParcelMoved:
		put(KeyWhere, e.Where)
	case Delivered:
		put(KeyWhere, e.Where)
	case ParcelTrouble:
		put(KeyWhere, e.Where)
	case TicketReady:
		f[KeyTicket] = e.Code
		put(KeyTicketUntil, clock(e.Until))
	case Activated:
		put(KeySerial, e.Serial)
	case AgentCalled:
		put(KeyBefore, strconv.Itoa(e.Before))
	}
	return f
}

// LearnedPage is where the ledger keeps what a report has told.
func LearnedPage(k Kind) PageID { return PageID("learned:" + k) }

// whyNot is what a report says of an attempt that did not succeed, or not yet,
// and whether it is such a report.
func whyNot(what Happening) (why string, known bool) {
	switch e := what.(type) {
	case CodeRefused:
		return e.Why, true
	case NotRegistered:
		return e.Why, true
	case FaceRefused:
		return e.Why, true
	case FaceNotYet:
		return "支付宝还没有返回通过的结果。刷脸通过后会自动继续；没有通过的话，请重新获取二维码再试。", true
	case TransferWrong:
		return e.Why, true
	case TransferNotYet:
		return "还没有收到贵单位的汇款。银行转账一般几分钟到账，最长3个工作日，到账后会自动继续。", true
	case BranchesFound:
		return "符合的支行比较多，先列出8家。没有您的，请多写几个字再查。", e.More
	case PayoutRefused:
		return e.Why, true
	case PayoutNotYet:
		return e.Why, true
	case AmountWrong:
		return e.Why, true
	case NotRepresentative:
		return e.Why, true
	case GrantRefused:
		return e.Why, true
	case CompanyUnproved:
		return "经核实，之前那笔汇款不能作为贵单位的认证，很抱歉。请重新认证，已填写的资料还在，付过款的订单也在；有疑问请回复“人工”。", true
	case JoinRefused:
		return e.Why, true
	case JoinedBy:
		return "已在" + channelNames[e.Channel] + "接上，我们接着办。不是您自己接的，请马上回复“" + WordHuman + "”。", true
	case ProofLapsed:
		return "您的实名认证是很久以前通过的，按规定要重新认证一次，再下单。填过的资料都还在。", true
	case GrantNotYet:
		return "支付宝还没有返回授权的结果。授权后会自动继续；没有成功的话，请再扫一次二维码。", true
	case PhoneRefused:
		return e.Why, true
	case PayRefused:
		return e.Why, true
	case PayNotYet:
		return "还没有收到付款结果。付款后一般几秒钟就会自动继续。", true
	}
	return "", false
}

// learn takes what a report tells into the form.
// An old refusal is forgotten as soon as there is other news. An order that was
// made, or paid, for a case that has gone elsewhere is not this case's order.
func (m *move) learn(what Happening) {
	if m.event.Via == Within {
		delete(m.c.Form, KeyWhy)
	}
	switch what.(type) {
	case BranchesFound:
		if !searching.Holds(m.c, m.event) {
			return
		}
	case Ordered:
		if !paying.Holds(m.c, m.event) {
			return
		}
	case Paid:
		if !paysNow.Holds(m.c, m.event) && !paidBefore.Holds(m.c, m.event) {
			return
		}
	}
	m.keep(Learned(what))
	switch e := what.(type) {
	case PayoutSent:
		delete(m.c.Form, KeyBranchFound)
	case FaceDone, FaceRefused:
		delete(m.c.Form, KeyBankCard)
	case AmountWrong:
		delete(m.c.Form, KeyAmount) // a page would offer it again
	case CompanyUnproved:
		delete(m.c.Form, KeyCompanyProved)
	case ProofLapsed:
		delete(m.c.Form, KeyPersonProved)
		delete(m.c.Form, KeyCompanyProved)
	case JoinReady:
		m.c.Form[KeyJoin], m.c.Form[KeyJoinUntil] = e.Code, Conceal(clock(e.Until))
		m.c.Form[KeyJoinTo], m.c.Form[KeyJoinURL], m.c.Form[KeyJoinPicture] = Conceal(string(e.To)), e.URL, e.Picture
	case JoinFound:
		if e.Code == m.c.Form[KeyJoining] {
			m.c.Form[KeyJoinWhose] = Conceal(e.Whose)
		}
	case JoinedBy:
		m.c.Last = e.Channel
	case Registered:
		delete(m.c.Form, KeyAloud)
	case PhoneChanged:
		delete(m.c.Form, KeyNewMobile)
		delete(m.c.Form, KeyAloud)
		m.c.Form[KeyOldMobile] = e.Old
	}
	if _, ok := what.(Activated); ok {
		what = KeyStep{Step: 5, Name: "完成", State: "done"} // the tool reports it a moment later
	}
	if s, ok := what.(KeyStep); ok {
		m.c.Form[KeyKeyStep] = Conceal(ticked(m.c.Form.Text(KeyKeyStep), s))
	}
}

// ticked adds a step of the PC tool to the list of those done, as the tool
// itself prints them. A step reported again replaces its line.
func ticked(list string, s KeyStep) string {
	mark := map[string]string{"done": " ✓", "failed": " ✗", "started": " …"}[s.State]
	head := strconv.Itoa(s.Step) + "."
	lines := []string{head + s.Name + mark}
	for line := range strings.SplitSeq(list, "\n") {
		if line != "" && !strings.HasPrefix(line, head) {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// Beijing is the time zone in which customers read clocks and working days are
// counted. China has kept one zone without summer time since 1991.
var Beijing = time.FixedZone("UTC+8", 8*60*60)

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(Beijing).Format("1月2日 15:04")
}

// Show returns an answer as it may stand on a screen that others can see.
func Show(k Key, f Form) string {
	text := f.Text(k)
	switch k {
	case KeyMobile, KeyToMobile, KeyNewMobile:
		return MaskMobile(text)
	case KeyLogin:
		return MaskLogin(text)
	case KeyIDNumber, KeyPaperNumber:
		return MaskID(text)
	case KeyBankAccount, KeyProofAccount, KeyBankCard:
		return maskMiddle(text, 0, 4)
	case KeyPassword, KeyCode:
		return "******"
	case KeyName, KeyRecipient:
		return maskName(text)
	case KeyAloud:
		if text != "" {
			return "1分钟后还没收到，可以回复“语音播报”，我们打电话念给您听。"
		}
	case KeyWord:
		if text != "" {
			return "短信里的校验词应是“" + text + "”，不是的话请不要填写验证码。"
		}
	case KeyTitle:
		if text == f.Text(KeyName) {
			return maskName(text)
		}
	case KeyTaxNumber:
		if text != f.Text(KeyCreditCode) {
			return maskMiddle(text, 2, 4) // it may be a person's identity number
		}
	case KeyDetail:
		return maskMiddle(text, 4, 2)
	case KeyJoinTo:
		if text != "" {
			return "用" + channelNames[Channel(text)] + "“扫一扫”扫下面的二维码。"
		}
	case KeyWhere, KeyWaybill:
		if text == "" {
			return "（暂无）"
		}
	}
	return text
}

// maskName keeps the family name.
func maskName(text string) string { return maskMiddle(text, 1, 0) }

// MaskID keeps the ends of an identity number.
func MaskID(text string) string { return maskMiddle(text, 1, 1) }

// MaskMobile keeps the first three and the last four digits.
func MaskMobile(text string) string { return maskMiddle(text, 3, 4) }

// MaskLogin masks a login name: a mobile number, or an e-mail address.
func MaskLogin(text string) string {
	if user, host, mail := strings.Cut(text, "@"); mail {
		return maskMiddle(user, 1, 0) + "@" + host
	}
	return MaskMobile(text)
}

func maskMiddle(text string, head, tail int) string {
	r := []rune(text)
	if len(r) <= head+tail {
		return strings.Repeat("*", len(r))
	}
	return string(r[:head]) + strings.Repeat("*", len(r)-head-tail) + string(r[len(r)-tail:])
}

// MaskName keeps the first character of a person's name, and the ends of an
// organisation's.
func MaskName(text string) string {
	if len([]rune(text)) <= 4 {
		return maskMiddle(text, 1, 0)
	}
	return maskMiddle(text, 2, 4)
}
