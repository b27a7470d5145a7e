package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/server/console"
	"certdesk/server/desk"
	"certdesk/server/ledger"
	"certdesk/server/sealed"
)

// The agents' desk over HTTP. What an agent does is an event of the talk like
// any other, so who owns the talk is decided there and not here.

// consoleDesk decides what agents do and shows how a talk stands.
type consoleDesk interface {
	Look(ctx context.Context, id desk.TalkID) (desk.Talk, flows.Reply, error)
	HandleTalk(ctx context.Context, id desk.TalkID, e flows.Event) (desk.Answer, error)
	Flow() *flows.Flow
}

// consoleLines is what was said: see [desk.Transcripts].
type consoleLines interface {
	Lines(ctx context.Context, id desk.TalkID, after string) (lines []desk.Line, mark string, err error)
}

// consoleHelp is the agents' queue: see [desk.Helpdesk].
type consoleHelp interface {
	Waiting(ctx context.Context) ([]desk.Help, error)
	Answered(ctx context.Context, talk desk.TalkID, at time.Time) error
}

// consoleTried is what was tried to prove somebody: see [desk.Attempts].
type consoleTried interface {
	Attempts(ctx context.Context, talk desk.TalkID, at time.Time) ([]flows.Attempt, error)
}

// consoleStaff knows who may sign in. A wrong name and a wrong password are
// both [desk.ErrWrong].
type consoleStaff interface {
	VerifyStaff(ctx context.Context, name string, password flows.Secret) (ledger.Staff, error)
}

// consoleConfig is what the agents' desk is made of.
type consoleConfig struct {
	Desk    consoleDesk
	Lines   consoleLines
	Help    consoleHelp
	Tried   consoleTried
	Staff   consoleStaff
	Book    *ledger.Ledger // lines of the bank's statement, and reviews
	Account string         // ours with the bank
	Keys    *sealed.Keys
	Now     func() time.Time
	Log     *slog.Logger
	Reach   consoleReach
	Secure  bool          // the public address is https
	Pace    time.Duration // between two looks for new lines; half a second
}

// consoleReach returns how many messages the official account may still send
// to a talk unasked, and until when.
type consoleReach func(context.Context, desk.TalkID, flows.Contact) (messages int, until time.Time, err error)

// consoleHTTP is the agents' desk over HTTP.
type consoleHTTP struct {
	consoleConfig
	tries   *limiter
	closing chan struct{}
	close   func() // ends the streams, which would hold up a stop for ever

	importing sync.Mutex // one statement at a time: they are large

	mu      sync.Mutex // guards the list, which every open desk asks for
	waiting []desk.Help
	asked   time.Time
}

func newConsole(cfg consoleConfig) *consoleHTTP {
	if cfg.Pace == 0 {
		cfg.Pace = 500 * time.Millisecond
	}
	c := &consoleHTTP{consoleConfig: cfg, tries: newLimiter(signInsPerMinute, time.Minute), closing: make(chan struct{})}
	c.close = sync.OnceFunc(func() { close(c.closing) })
	return c
}

// mount hangs the desk below /console, where its pages expect to be.
func (c *consoleHTTP) mount(r fiber.Router) {
	r.Use(consoleHeaders)
	r.Get("/assets/:name", consoleAsset)
	r.Get("/sign-in", c.signInPage)
	r.Post("/sign-in", c.signIn)
	r.Use(c.signedIn)
	r.Post("/sign-out", c.signOut)
	r.Get("/", c.list)
	r.Get("/stream", c.stream)
	c.mountBank(r.Group("/bank"))
	c.mountReviews(r)
	r.Get("/talks/:talk", c.open)
	r.Post("/talks/:talk/take", c.acting(c.take))
	r.Post("/talks/:talk/say", c.acting(c.say))
	r.Post("/talks/:talk/hand", c.acting(c.hand))
	r.Post("/talks/:talk/done", c.acting(c.done))
}

const consolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func consoleHeaders(x *fiber.Ctx) error {
	x.Set(fiber.HeaderContentSecurityPolicy, consolePolicy)
	x.Set(fiber.HeaderReferrerPolicy, "same-origin")
	x.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	x.Set(fiber.HeaderCacheControl, "no-store")
	return x.Next()
}

func consoleAsset(x *fiber.Ctx) error {
	f, ok := console.Asset(x.Params("name"))
	if !ok {
		return x.SendStatus(fiber.StatusNotFound)
	}
	x.Set(fiber.HeaderContentType, f.Type)
	x.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	return x.Send(f.Body)
}

func draw(x *fiber.Ctx, status int, views ...console.View) error {
	var b bytes.Buffer
	for _, v := range views {
		if err := console.Render(&b, v); err != nil {
			return err
		}
	}
	x.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return x.Status(status).Send(b.Bytes())
}

// list shows the desk with no talk chosen, or what was looked for.
func (c *consoleHTTP) list(x *fiber.Ctx) error {
	return c.page(x, fiber.StatusOK, "")
}

// page draws the desk with no talk in the middle, and a problem if there is one.
func (c *consoleHTTP) page(x *fiber.Ctx, status int, why string) error {
	me := seatOf(x)
	all, err := c.queue(x.UserContext())
	if err != nil {
		return err
	}
	looked := clip(strings.TrimSpace(x.Query("q")), 64)
	if looked != "" {
		if all, err = c.find(x.UserContext(), all, looked); err != nil {
			return err
		}
	}
	v := console.Desk{
		Me: me.Display, Token: c.token(me), Money: me.Role == RoleSupervisor, Stream: "/console/stream", Why: why,
		Queue: console.NewQueue(all, me.Name, "", c.Now()),
	}
	v.Queue.Search = looked
	return draw(x, status, v)
}

// open shows one talk.
func (c *consoleHTTP) open(x *fiber.Ctx) error {
	id, ok := talkID(x.Params("talk"))
	if !ok {
		return c.unknown(x)
	}
	return c.show(x, fiber.StatusOK, id, console.Form{Nonce: rand.Text()})
}

func (c *consoleHTTP) unknown(x *fiber.Ctx) error {
	return c.page(x, fiber.StatusNotFound, "没有这个会话。请从列表里重新选择。")
}

// show draws a talk with a form that may hold what was typed and refused.
func (c *consoleHTTP) show(x *fiber.Ctx, status int, id desk.TalkID, form console.Form) error {
	me, ctx := seatOf(x), x.UserContext()
	all, err := c.queue(ctx)
	if err != nil {
		return err
	}
	talk, question, err := c.Desk.Look(ctx, id)
	if err != nil {
		return err
	}
	if talk.Case.At == "" {
		return c.unknown(x)
	}
	lines, mark, err := c.Lines.Lines(ctx, id, "")
	if err != nil {
		return err
	}
	form.Token = c.token(me)
	v, err := c.talk(ctx, talk, question, all, me)
	if err != nil {
		return err
	}
	v.Form = form
	v.Lines = console.NewLines(c.Desk.Flow(), lines, talk.Case.Form, "", c.Now())
	return draw(x, status, console.Desk{
		Me: me.Display, Token: form.Token, Money: me.Role == RoleSupervisor, Queue: console.NewQueue(all, me.Name, id, c.Now()), Talk: &v,
		Stream: "/console/stream?" + url.Values{"talk": {string(id)}, "after": {mark}}.Encode(),
	})
}

// talk is a talk as one agent sees it, but for its form and its lines.
func (c *consoleHTTP) talk(ctx context.Context, talk desk.Talk, question flows.Reply, all []desk.Help, me seat) (console.Talk, error) {
	v := console.NewTalk(c.Desk.Flow(), talk, question, all, me.Name)
	var err error
	if v.Attempts, err = c.Tried.Attempts(ctx, talk.ID, c.Now()); err != nil {
		return v, err
	}
	contact := talk.Case.Contact
	if talk.Case.Last != flows.WeChat || contact == (flows.Contact{}) {
		return v, nil
	}
	messages, until, err := c.Reach(ctx, talk.ID, contact)
	v.Reach = console.Reach(messages, until)
	return v, err
}

// consoleAct does what a button stands for. It returns, in words, why it was
// refused.
type consoleAct func(ctx context.Context, me seat, id desk.TalkID, sent sent) (why string, err error)

// sent is what a form of a talk carries.
type sent struct {
	Event string // identifier
	Text  string
	From  string // the agent whom the page showed as owner
}

// acting checks a form, does what it asks, and draws the talk again: as parts
// for the script, as a page without it. When nobody knows whether it was done,
// the form keeps its nonce, so that sending it again does nothing twice.
func (c *consoleHTTP) acting(act consoleAct) fiber.Handler {
	return func(x *fiber.Ctx) error {
		me := seatOf(x)
		if !same(x.FormValue("token"), c.token(me)) {
			return x.Status(fiber.StatusForbidden).SendString("页面已经过期，请刷新后再试。")
		}
		id, ok := talkID(x.Params("talk"))
		if !ok {
			return c.unknown(x)
		}
		nonce := clip(x.FormValue("nonce"), 64) // a copy: Fiber reuses its bytes
		text := strings.TrimSpace(clip(x.FormValue("text"), 4*longestSaying))
		from := clip(x.FormValue("from"), 64)
		form := console.Form{Nonce: rand.Text()}
		why, err := act(x.UserContext(), me, id, sent{Event: eventID(x.Route().Path, me, nonce, text+from), Text: text, From: from})
		status := fiber.StatusOK
		switch {
		case err != nil:
			c.Log.Error("an agent's action was not done", slog.String("talk", string(id)), slog.Any("error", err))
			status, form = fiber.StatusServiceUnavailable, console.Form{Nonce: nonce, Why: "系统忙，没有完成。请再点一次，不会重复。", Draft: text}
		case why != "":
			status, form.Why, form.Draft = fiber.StatusConflict, why, text
		}
		c.stale()
		return c.acted(x, status, id, form)
	}
}

func (c *consoleHTTP) acted(x *fiber.Ctx, status int, id desk.TalkID, form console.Form) error {
	if x.Get("X-Desk") != "live" {
		if status == fiber.StatusOK {
			return x.Redirect("/console/talks/"+string(id), fiber.StatusSeeOther)
		}
		return c.show(x, status, id, form)
	}
	me := seatOf(x)
	all, err := c.queue(x.UserContext())
	if err != nil {
		return err
	}
	talk, question, err := c.Desk.Look(x.UserContext(), id)
	if err != nil {
		return err
	}
	form.Token = c.token(me)
	v, err := c.talk(x.UserContext(), talk, question, all, me)
	if err != nil {
		return err
	}
	v.Form = form
	return draw(x, status, console.Controls(v), console.Side(v), console.NewQueue(all, me.Name, id, c.Now()))
}

// eventID names what an agent did: a form sent twice is one event, and another
// text, or another colleague to replace, in the same form is another.
func eventID(action string, me seat, nonce, what string) string {
	sum := sha256.Sum256([]byte(action + "\x00" + me.Name + "\x00" + what))
	return "console/" + nonce + "/" + hex.EncodeToString(sum[:8])
}

func (c *consoleHTTP) handle(ctx context.Context, id desk.TalkID, event string, what flows.Happening) (string, error) {
	answer, err := c.Desk.HandleTalk(ctx, id, flows.Event{ID: event, At: c.Now(), Via: flows.Console, What: what})
	return answer.Refusals[""], err
}

// take makes the agent the owner. A colleague is replaced only when the page
// showed that very colleague as the owner.
func (c *consoleHTTP) take(ctx context.Context, me seat, id desk.TalkID, s sent) (string, error) {
	if talk, _, err := c.Desk.Look(ctx, id); err != nil || talk.Case.At == "" {
		return "没有这个会话。", err // else an address typed wrong would begin a talk
	}
	return c.handle(ctx, id, s.Event, flows.Taken{Agent: me.Name, Name: me.Display, From: s.From})
}

// longestSaying is what one message of ours may hold on every channel, in
// runes: three bytes each, it stays below the 1800 bytes of bot.MaxText.
const longestSaying = 500

func (c *consoleHTTP) say(ctx context.Context, me seat, id desk.TalkID, s sent) (string, error) {
	switch {
	case s.Text == "":
		return "请先写好要说的话。", nil
	case utf8.RuneCountInString(s.Text) > longestSaying:
		return "一次最多 500 个字，请分几次发送。", nil
	}
	return c.handle(ctx, id, s.Event, flows.AgentSaid{Agent: me.Name, Text: s.Text})
}

// hand gives the talk back and closes the call for an agent. If closing fails
// the same form closes it at the next try.
func (c *consoleHTTP) hand(ctx context.Context, me seat, id desk.TalkID, s sent) (string, error) {
	why, err := c.handle(ctx, id, s.Event, flows.Handed{Agent: me.Name})
	if err != nil || why != "" {
		return why, err
	}
	return "", c.Help.Answered(ctx, id, c.Now())
}

// done closes a call that needs no conversation. Whoever waits for a person
// must be taken over first: without a call nobody would find them.
func (c *consoleHTTP) done(ctx context.Context, _ seat, id desk.TalkID, _ sent) (string, error) {
	talk, _, err := c.Desk.Look(ctx, id)
	if err != nil {
		return "", err
	}
	switch talk.Case.Owner.Kind {
	case flows.OwnerQueue:
		return "客户在等人工客服，请先接管。", nil
	case flows.OwnerAgent:
		return talk.Case.Owner.Name + "已经接手了这个会话，交还时会移出列表。", nil
	}
	return "", c.Help.Answered(ctx, id, c.Now())
}

const queueAge = time.Second

// queue lists who needs an agent, at most a second old.
func (c *consoleHTTP) queue(ctx context.Context) ([]desk.Help, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.Now(); c.asked.IsZero() || now.Sub(c.asked) >= queueAge {
		all, err := c.Help.Waiting(ctx)
		if err != nil {
			return nil, err
		}
		c.waiting, c.asked = all, now
	}
	return c.waiting, nil
}

// stale makes the next look at the queue a fresh one.
func (c *consoleHTTP) stale() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = time.Time{}
}

// find keeps the talks whose order, mobile, organisation or waybill is looked
// for. It looks among those on the desk, at most two hundred.
func (c *consoleHTTP) find(ctx context.Context, all []desk.Help, looked string) ([]desk.Help, error) {
	var found []desk.Help
	for _, h := range all {
		talk, _, err := c.Desk.Look(ctx, h.Talk)
		if err != nil {
			return nil, err
		}
		if fits(talk.Case.Form, looked) {
			found = append(found, h)
		}
	}
	return found, nil
}

// fits compares whole numbers, the last four or more digits of a mobile, and
// any part of an organisation's name: never so little that it lists everybody.
func fits(form flows.Form, looked string) bool {
	for _, k := range []flows.Key{flows.KeyOrderNo, flows.KeyWaybill, flows.KeyTrade, flows.KeyDropped, flows.KeySerial} {
		if strings.EqualFold(form.Text(k), looked) {
			return true
		}
	}
	for _, k := range []flows.Key{flows.KeyMobile, flows.KeyToMobile} {
		if len(looked) >= 4 && strings.HasSuffix(form.Text(k), looked) {
			return true
		}
	}
	return utf8.RuneCountInString(looked) >= 2 && strings.Contains(form.Text(flows.KeyOrgName), looked)
}

var talkIDs = regexp.MustCompile(`^[a-z2-7]{26}$`)

// talkID takes the name of a talk from an address, as a copy: Fiber reuses its
// bytes.
func talkID(text string) (desk.TalkID, bool) {
	return desk.TalkID(strings.Clone(text)), talkIDs.MatchString(text)
}
