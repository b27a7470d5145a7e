package console

import (
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Bank is the page of the bank's statement: what needs a decision, and what
// became of the rest.
type Bank struct {
	Me    string // display name of the agent
	Token string // proves that the forms are ours
	Done  string // what the last action did
	Why   string // why it was refused
	Parts []BankPart

	Search string // what is looked for
	Pile   string // the one that is leafed through; empty for the newest of each
	After  string // where its last page ended
}

// BankPart is some of the lines, under a heading.
type BankPart struct {
	Title string
	Lines []BankLine
	More  string // where the older ones are; empty when these are all
}

// BankLine is a line of the statement: money that came in.
type BankLine struct {
	Ref        string
	Clock      string
	Amount     string
	Payer      string // masked
	From, To   string // the ends of the accounts
	State      string // "ambiguous", "unmatched", "wrong", "matched"
	Talk       desk.TalkID
	Org        string // the organisation that it proves or was meant to
	Alike      []string
	Candidates []BankCandidate
	Decisions  []BankDecision
}

// BankCandidate is an organisation that waits for such money.
type BankCandidate struct {
	Proof string
	Org   string
	To    string // the end of the account that it was given
}

// BankDecision is what a colleague decided.
type BankDecision struct{ Clock, By, Did, Why string }

func (Bank) template() string { return "bank" }

// NewBankLine shows a credit as it may stand on a screen that others can see.
func NewBankLine(c flows.Credit, now time.Time) BankLine {
	line := BankLine{
		Ref: c.Ref, Clock: clock(c.At, now), Amount: c.Amount.String() + " 元", Payer: flows.MaskName(c.Payer.Reveal()),
		From: ending(c.PayerAccount.Reveal()), To: ending(c.To),
	}
	if c.Currency != "CNY" {
		line.Amount = c.Amount.String() + " " + c.Currency
	}
	if c.Payer.IsZero() {
		line.Payer = "未写付款人"
	}
	return line
}

// NewBankCandidate shows an organisation with the account that it was given.
func NewBankCandidate(proof string, org flows.Secret, account string) BankCandidate {
	return BankCandidate{Proof: proof, Org: org.Reveal(), To: ending(account)}
}

// NewBankDecision shows who decided what, and why.
func NewBankDecision(at time.Time, by, did, why string, now time.Time) BankDecision {
	return BankDecision{clock(at, now), by, did, why}
}

const endOfAccount = 6

// ending is the end of an account, which is enough to tell it from others.
func ending(account string) string {
	if len(account) <= endOfAccount {
		return account
	}
	return "…" + account[len(account)-endOfAccount:]
}
