package server

import (
	"errors"
	"log/slog"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"certdesk/server/console"
	"certdesk/server/desk"
	"certdesk/server/ledger"
)

// The page of papers that people look at, and the papers. Who may prove somebody
// is the ledger's to say; this page only spares staff what it would refuse.

func (c *consoleHTTP) mountReviews(r fiber.Router) {
	r.Get("/reviews", c.reviews)
	r.Post("/reviews/judge", c.ours, c.judge)
	r.Get("/papers/:id", c.paper)
}

func (c *consoleHTTP) reviews(x *fiber.Ctx) error {
	return c.drawReviews(x, fiber.StatusOK, console.Reviews{})
}

// refusedVerdicts say why a verdict was refused.
var refusedVerdicts = []struct {
	err   error
	words string
}{
	{desk.ErrUnknown, "没有这一份。请看最新的列表。"},
	{desk.ErrUsed, "这一份已经处理完，或者客户取消了。请看最新的列表。"},
	{desk.ErrStale, "客户刚补充了材料，请看过再定。"},
	{desk.ErrOther, "复核要由初审以外的另一位主管来做。"},
}

// judge takes a verdict.
func (c *consoleHTTP) judge(x *fiber.Ctx) error {
	me := seatOf(x)
	v := console.Reviews{For: strings.Clone(x.FormValue("number")), Draft: clip(strings.TrimSpace(strings.Clone(x.FormValue("why"))), longestReason)}
	verdict, ok := map[string]ledger.Verdict{"right": ledger.Right, "wrong": ledger.Wrong}[x.FormValue("verdict")]
	seen, err := strconv.Atoi(x.FormValue("seen"))
	if !ok || err != nil {
		return fiber.NewError(fiber.StatusBadRequest)
	}
	if v.Draft == "" {
		v.Why = "请写一句意见，以后查得到。"
		return c.drawReviews(x, fiber.StatusUnprocessableEntity, v)
	}
	by := ledger.Staff{Name: me.Name, Display: me.Display, Role: me.Role}
	if err = c.Book.Judge(x.UserContext(), v.For, seen, verdict, by, v.Draft, c.Now()); err == nil {
		c.stale()
		return x.Redirect("/console/reviews", fiber.StatusSeeOther)
	}
	for _, refused := range refusedVerdicts {
		if errors.Is(err, refused.err) {
			v.Why = refused.words
			return c.drawReviews(x, fiber.StatusConflict, v)
		}
	}
	c.Log.Error("a verdict was not kept", slog.Any("error", err))
	v.Why = "系统忙，没有完成。请再试一次，不会重复。"
	return c.drawReviews(x, fiber.StatusServiceUnavailable, v)
}

func (c *consoleHTTP) drawReviews(x *fiber.Ctx, status int, v console.Reviews) error {
	me := seatOf(x)
	all, err := c.Book.Reviews(x.UserContext())
	if err != nil {
		return err
	}
	v.Me, v.Token = me.Display, c.token(me)
	for _, r := range all {
		drawn := c.review(r, me)
		if r.Second.By == "" {
			v.Open = append(v.Open, drawn)
		} else {
			v.Over = append(v.Over, drawn)
		}
	}
	return draw(x, status, v)
}

func (c *consoleHTTP) review(r ledger.Review, me seat) console.Review {
	now := c.Now()
	v := console.NewReview(r.Number, r.Talk, r.What, r.At, now)
	v.First, v.Second = console.NewOpinion(r.First.By, r.First.Why, r.First.At, now), console.NewOpinion(r.Second.By, r.Second.Why, r.Second.At, now)
	v.Passed = r.State == ledger.ReviewPassed
	for i, p := range r.Papers {
		v.Papers = append(v.Papers, console.NewPaper(p.ID, i+1, p.Kind, p.Size))
	}
	switch {
	case r.State == ledger.ReviewAsked:
		v.MayPass = true
	case r.First.By == me.Name:
		v.MustNot = "您已初审，要由另一位主管复核。"
	case me.Role != RoleSupervisor:
		v.MustNot = "初审已通过，要由主管复核。"
	default:
		v.MayPass = true
	}
	return v
}

// paper shows one file, and has it noted who looked. A browser takes it for what
// its bytes were when it came, and for nothing that runs.
func (c *consoleHTTP) paper(x *fiber.Ctx) error {
	kind, body, err := c.Book.ReadPaper(x.UserContext(), strings.Clone(x.Params("id")), seatOf(x).Name, c.Now())
	if errors.Is(err, desk.ErrUnknown) {
		return c.page(x, fiber.StatusNotFound, "没有这份材料：可能已经退回或取消，材料已删除。")
	}
	if err != nil {
		return err
	}
	x.Set(fiber.HeaderContentType, kind)
	x.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	if kind == "application/pdf" {
		x.Set(fiber.HeaderContentDisposition, `attachment; filename="paper.pdf"`)
	}
	return x.Send(body)
}
