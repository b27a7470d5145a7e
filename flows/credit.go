package flows

import (
	"fmt"
	"strings"
	"time"
)

// What the rules of the 0.01 yuan (M61-M65) make of a line of the bank's
// statement.

// proofAmount is what the organisation sends: exactly one fen (M64).
const proofAmount Fen = 1

// WhyNot says why money that came in on an organisation's receiving account
// does not prove the organisation, in words for the applicant, or nothing when
// it does. Until is when the account was closed. The words show the payer
// masked: it may be a stranger.
func (c Credit) WhyNot(org Secret, until time.Time) string {
	switch {
	case !c.At.Before(until):
		return c.refused("收款账号已过期，请重新获取账户后再汇款。", org)
	case c.Currency != "CNY":
		return c.refused("币种必须是人民币。", org)
	case c.Amount != proofAmount:
		return c.refused("金额必须正好是 0.01 元。", org)
	case !SamePayee(org.Reveal(), c.Payer.Reveal()):
		return c.refused("汇款方与认证的单位名称不一致，必须用贵单位自己的对公账户。", org)
	}
	return ""
}

// Awaited is a proof that waits for an organisation's money.
type Awaited struct {
	Org          Secret
	Since, Until time.Time
}

// Fits reports whether money that came in on another account than the proof's
// own may still be what the proof waits for: it counts in every other respect,
// and did not come before it was asked for, as far as a day tells. The account
// says whose money is; without it the name alone never decides, so a person does.
func (c Credit) Fits(a Awaited) bool {
	return c.WhyNot(a.Org, a.Until) == "" && day(c.At) >= day(a.Since)
}

// Likeness is the same for lines that may be one payment, however each
// document of the bank refers to it and at whatever hour it puts it.
func (c Credit) Likeness() Secret {
	return Conceal(strings.Join([]string{day(c.At), c.Amount.String(), c.Currency, payeeKey(c.Payer.Reveal())}, "\n"))
}

// Contradicts reports whether two lines under one reference cannot be one
// payment. A document that does not name the payer contradicts none that does.
func (c Credit) Contradicts(other Credit) bool {
	named := !c.Payer.IsZero() && !other.Payer.IsZero()
	return c.Amount != other.Amount || c.Currency != other.Currency ||
		named && !SamePayee(c.Payer.Reveal(), other.Payer.Reveal())
}

func day(at time.Time) string { return at.In(Beijing).Format(time.DateOnly) }

func (c Credit) refused(why string, org Secret) string {
	currency := "元"
	if c.Currency != "CNY" {
		currency = "外币"
	}
	return fmt.Sprintf("收到%s汇来的 %s %s，不能通过认证：%s这笔款按细则不退还。", c.payer(org), c.Amount, currency, why)
}

// payer names who sent the money: the applicant's own organisation in full,
// anybody else by the first and the last character.
func (c Credit) payer(org Secret) string {
	name := []rune(c.Payer.Reveal())
	switch {
	case len(name) == 0:
		return "未知账户"
	case SamePayee(org.Reveal(), string(name)):
		return "“" + org.Reveal() + "”"
	}
	return "“" + string(name[:1]) + "***" + string(name[len(name)-1:]) + "”"
}

// Line is a scan as a customer reads it: when, where and what.
func (s Scan) Line() string {
	line := clock(s.At)
	for _, part := range []string{s.Place, s.Remark} {
		if part != "" {
			line += " " + part
		}
	}
	return line
}
