package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"certdesk/server/bank"
	"certdesk/server/console"
	"certdesk/server/desk"
	"certdesk/server/ledger"
)

// The page of the bank's statement. A statement proves companies, so only a
// supervisor brings one, or says whose a line is.

const (
	statementsPath = "/console/bank/statements"
	longestReason  = 200 // runes
	formAround     = 64 << 10
	uploadWithin   = time.Minute
)

func (c *consoleHTTP) mountBank(r fiber.Router) {
	r.Use(c.supervising)
	r.Get("/", c.bankPage)
	r.Post("/statements", c.ours, c.statement)
	r.Post("/match", c.ours, c.deciding(c.match))
	r.Post("/unmatch", c.ours, c.deciding(c.unmatch))
}

// allowed lets a supervisor send a whole statement. It is asked before the body
// is read, and everybody else keeps to the usual limit.
func (c *consoleHTTP) allowed(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if !h.IsPost() || string(h.RequestURI()) != statementsPath {
		return fasthttp.RequestConfig{}
	}
	if s, ok := c.seated(string(h.Cookie(consoleCookie))); !ok || s.Role != RoleSupervisor {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: bank.MaxFile + formAround, ReadTimeout: uploadWithin}
}

func (c *consoleHTTP) supervising(x *fiber.Ctx) error {
	if seatOf(x).Role != RoleSupervisor {
		return c.page(x, fiber.StatusForbidden, "银行流水由主管核对。请用主管的账号登录。")
	}
	return x.Next()
}

// ours lets through the forms that this page drew.
func (c *consoleHTTP) ours(x *fiber.Ctx) error {
	if !same(x.FormValue("token"), c.token(seatOf(x))) {
		return x.Status(fiber.StatusForbidden).SendString("页面已经过期，请刷新后再试。")
	}
	return x.Next()
}

// bankPage shows the newest of each pile, or goes on with one of them.
func (c *consoleHTTP) bankPage(x *fiber.Ctx) error {
	return c.drawBank(x, fiber.StatusOK, console.Bank{
		Search: clip(strings.TrimSpace(strings.Clone(x.Query("q"))), longestSearch),
		Pile:   strings.Clone(x.Query("pile")), After: strings.Clone(x.Query("after")),
	})
}

// statement imports what was sent, and says what became of its lines.
func (c *consoleHTTP) statement(x *fiber.Ctx) error {
	if !c.importing.TryLock() {
		return c.drawBank(x, fiber.StatusConflict, console.Bank{Why: "正在导入另一份流水，请过一会儿再试。"})
	}
	defer c.importing.Unlock()
	form, err := x.FormFile("file")
	if err != nil {
		return c.drawBank(x, fiber.StatusBadRequest, console.Bank{Why: "请先选择从网银下载的文件。"})
	}
	file, err := form.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	got, err := importStatement(x.UserContext(), c.Book, c.Account, file, seatOf(x).Name, c.Now())
	switch {
	case errors.Is(err, bank.ErrStatement):
		c.Log.Warn("a statement was refused", slog.Any("error", err))
		return c.drawBank(x, fiber.StatusUnprocessableEntity, console.Bank{Why: bank.Words(err) + "没有登记任何一笔。"})
	case err != nil:
		c.Log.Error("a statement was not imported", slog.Any("error", err))
		return c.drawBank(x, fiber.StatusServiceUnavailable, console.Bank{Why: "系统忙，没有导入完。请再导入一次同一个文件，不会重复。"})
	}
	c.stale()
	return c.drawBank(x, fiber.StatusOK, console.Bank{Done: summary(got)})
}

// summary says what became of a statement.
func summary(got Imported) string {
	all := got.Matched + got.Wrong + got.Ambiguous + got.Unmatched + got.Known + got.Contradicted
	text := fmt.Sprintf("读到 %d 笔收款", all)
	for _, part := range []struct {
		n    int
		what string
	}{
		{got.Matched, "通过认证"}, {got.Ambiguous, "要您核对"}, {got.Wrong, "不符合细则，已告诉客户"}, {got.Unmatched, "没有人在等"},
		{got.Known, "以前登记过"}, {got.Contradicted, "和以前同一流水号的内容不一样，请到网银核实"}, {got.Reversed, "是银行冲正，没有登记"},
	} {
		if part.n > 0 {
			text += fmt.Sprintf("；%d 笔%s", part.n, part.what)
		}
	}
	return text + "。"
}

// decision is what a form about a line asks for.
type decision struct{ ref, proof, by, why string }

func (c *consoleHTTP) match(ctx context.Context, d decision) error {
	return c.Book.MatchLine(ctx, d.ref, d.proof, d.by, d.why, c.Now())
}

func (c *consoleHTTP) unmatch(ctx context.Context, d decision) error {
	return c.Book.UnmatchLine(ctx, d.ref, d.by, d.why, c.Now())
}

// refusedLines say why a decision was refused.
var refusedLines = []struct {
	err   error
	words string
}{
	{desk.ErrUnknown, "没有这一笔。请看最新的列表。"},
	{desk.ErrUsed, "这一笔已经处理过，或者这家单位不再等待汇款。请看最新的列表。"},
	{desk.ErrWrong, "这一笔和所选的单位对不上：户名、金额、币种和日期都要符合打款细则。"},
	{ledger.ErrBuiltOn, "客户已经凭这次认证下单，不能撤销。请先和客户处理订单。"},
}

// deciding does what a form about a line asks for, with a reason.
func (c *consoleHTTP) deciding(act func(context.Context, decision) error) fiber.Handler {
	return func(x *fiber.Ctx) error {
		d := decision{
			ref: strings.Clone(x.FormValue("ref")), proof: strings.Clone(x.FormValue("proof")),
			by: seatOf(x).Name, why: clip(strings.TrimSpace(x.FormValue("why")), longestReason),
		}
		if d.why == "" {
			return c.drawBank(x, fiber.StatusUnprocessableEntity, console.Bank{Why: "请写一句理由，以后查得到。"})
		}
		err := act(x.UserContext(), d)
		if err == nil {
			c.stale()
			return x.Redirect("/console/bank", fiber.StatusSeeOther)
		}
		for _, refused := range refusedLines {
			if errors.Is(err, refused.err) {
				return c.drawBank(x, fiber.StatusConflict, console.Bank{Why: refused.words})
			}
		}
		c.Log.Error("a decision about a line was not kept", slog.Any("error", err))
		return c.drawBank(x, fiber.StatusServiceUnavailable, console.Bank{Why: "系统忙，没有完成。请再试一次，不会重复。"})
	}
}

// How many lines of each pile are shown: first, and when one of them is leafed
// through.
const (
	linesFirst    = 20
	linesLeafed   = 50
	longestSearch = 64 // runes
)

// bankPiles are the parts of the page, in its order.
var bankPiles = []struct {
	pile  ledger.Pile
	title string
}{{ledger.PileOpen, "要核对"}, {ledger.PileNobodys, "没有对上"}, {ledger.PileMatched, "已对上"}}

// drawBank draws the page: all piles, or the one that is leafed through.
func (c *consoleHTTP) drawBank(x *fiber.Ctx, status int, v console.Bank) error {
	me, now := seatOf(x), c.Now()
	v.Me, v.Token = me.Display, c.token(me)
	for _, p := range bankPiles {
		sought := ledger.Sought{Pile: p.pile, Text: plainDigits(v.Search), Most: linesFirst}
		if v.Pile != "" {
			sought.After, sought.Most = v.After, linesLeafed
		}
		if v.Pile != "" && v.Pile != string(p.pile) {
			continue
		}
		lines, mark, err := c.Book.Lines(x.UserContext(), sought, now)
		if errors.Is(err, desk.ErrUnknown) {
			return x.Redirect("/console/bank", fiber.StatusSeeOther)
		}
		if err != nil {
			return err
		}
		part := console.BankPart{Title: p.title}
		if mark != "" {
			part.More = "/console/bank?" + url.Values{"q": {v.Search}, "pile": {string(p.pile)}, "after": {mark}}.Encode()
		}
		for _, l := range lines {
			part.Lines = append(part.Lines, bankLine(l, now))
		}
		v.Parts = append(v.Parts, part)
	}
	return draw(x, status, v)
}

// plainDigits takes an amount as the page shows it.
func plainDigits(search string) string {
	return strings.TrimSpace(strings.TrimSuffix(search, "元"))
}

func bankLine(l ledger.Line, now time.Time) console.BankLine {
	v := console.NewBankLine(l.Credit, now)
	v.State, v.Talk, v.Org, v.Alike = l.State, l.Talk, l.Org.Reveal(), l.Alike
	for _, k := range l.Candidates {
		v.Candidates = append(v.Candidates, console.NewBankCandidate(k.Proof, k.Org, k.Account))
	}
	for _, d := range l.Decisions {
		did := "撤销"
		if d.Matched {
			did = "对上"
		}
		v.Decisions = append(v.Decisions, console.NewBankDecision(d.At, d.By, did, d.Why, now))
	}
	return v
}
