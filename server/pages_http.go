package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/pages"
)

// The pages that a chat opens. A page is the present step of a talk, drawn for
// a browser; what is sent in is an event like any other. Whoever opened a valid
// link keeps a seat for half an hour, so that the next step follows in the same
// browser; the link itself is spent when its step is over.

const (
	seatCookie = "certdesk_seat"
	seatPath   = "/h5"
)

func (s *Server) mountPages(r fiber.Router) {
	r.Get("/h5/style.css", s.pageStyle)
	r.Get("/h5/terms/:id", s.pageTerms)
	r.Get("/h5/face/:number", s.showFace)
	r.Get("/h5/grant/:number", s.showGrant)
	r.Get(grantBack, s.granted)
	r.Get("/h5/alipay/return", s.pageReturn)
	r.Get("/h5/now", s.pageNow)
	r.Get("/h5/oauth/wechat", s.signedIn)
	r.Get("/f/:token", s.showCard)
	r.Post("/f/:token", s.tellAmount)
	r.Get(devicePath+":token", s.introduced)
	r.Head(pagePath+":token", s.glanced)
	r.Get(pagePath+":token", s.pageOpen)
	r.Post(pagePath+":token", s.pageSend)
}

// pageOpen shows the step that a link leads to.
func (s *Server) pageOpen(c *fiber.Ctx) error {
	k, err := s.links.read(linkPlace, c.Params("token"))
	if err != nil {
		return s.notFound(c, deadLink(err))
	}
	talk, question, err := s.desk.Look(c.UserContext(), k.talk)
	if err != nil {
		return err
	}
	if spent(k, talk) {
		return s.notFound(c, spentWords(talk))
	}
	if s.unknown(c, talk.ID) {
		return s.signIn(c, strings.Clone(c.Params("token")))
	}
	if s.nameless(c, k) {
		return s.introduce(c)
	}
	mine, err := s.takes(c, k)
	if err != nil {
		return err
	}
	if !mine {
		return s.notFound(c, notTaken(c))
	}
	s.takeSeat(c, talk.ID)
	if k.entry == statusMark {
		return s.show(c, talk, question, url.Values{}, nil) // such a link lives for days: nothing typed before is shown
	}
	return s.show(c, talk, question, nil, nil)
}

// news is what the last report led to, besides the question: whoever follows
// their case on its page may be sent no message any more, and of a template
// reads twenty characters.
func (s *Server) news(ctx context.Context, id desk.TalkID) (report flows.Kind, news []string, err error) {
	lines, _, err := s.talks.Lines(ctx, id, "")
	if err != nil {
		return "", nil, err
	}
	for _, line := range lines {
		switch line.Who {
		case desk.WhoBot:
			news = append(news, line.Text)
		case desk.WhoUnsent: // it is on the page
		case desk.WhoWorld:
			report, news = flows.Kind(line.Text), nil
		default:
			report, news = "", nil
		}
	}
	if report == "" || len(news) == 0 {
		return "", nil, nil
	}
	return report, news[:len(news)-1], nil
}

// deadLink says why a link leads nowhere, and what to do.
func deadLink(err error) string {
	if errors.Is(err, desk.ErrExpired) {
		return "链接已过期。请回到聊天里发任意一句话，会得到新的链接，已经填好的不会丢。"
	}
	return "链接不完整。请回到聊天里，直接点开链接。"
}

// pageNow shows wherever the talk of this browser's seat is now.
func (s *Server) pageNow(c *fiber.Ctx) error {
	k, err := s.links.read(seatPlace, c.Cookies(seatCookie))
	if err != nil {
		return s.notFound(c, deadLink(err))
	}
	talk, question, err := s.desk.Look(c.UserContext(), k.talk)
	if err != nil {
		return err
	}
	return s.show(c, talk, question, nil, nil)
}

// pageSend takes a filled page or a pressed button.
func (s *Server) pageSend(c *fiber.Ctx) error {
	k, err := s.links.read(linkPlace, c.Params("token"))
	if errors.Is(err, desk.ErrExpired) {
		return s.notFound(c, "链接已过期，这一页没有提交。请回到聊天里发任意一句话，用新的链接重新填写这一页；之前填好的都还在。")
	}
	if err != nil {
		return s.notFound(c, deadLink(err))
	}
	sent, files, err := posted(c)
	if err != nil || len(sent) > 40 {
		return fiber.NewError(fiber.StatusBadRequest)
	}
	talk, question, err := s.desk.Look(c.UserContext(), k.talk)
	if err != nil {
		return err
	}
	if spent(k, talk) && !s.hasSeat(c, k.talk) {
		return s.notFound(c, spentWords(talk))
	}
	if s.unknown(c, k.talk) {
		return s.notFound(c, "这一页没有提交。"+openAgain)
	}
	mine, err := s.takes(c, k)
	if err != nil {
		return err
	}
	if !mine {
		return s.notFound(c, "这一页没有提交。"+notTaken(c))
	}
	refusals, err := s.keepFiles(c.UserContext(), talk, sent, files)
	if err != nil {
		return err
	}
	if refusals != nil {
		return s.show(c, talk, question, sent, refusals)
	}
	what, refusals, err := s.sent(c.UserContext(), talk, sent)
	if err != nil {
		return err
	}
	if refusals != nil && k.entry == entryMark(talk.Case.Entry) {
		return s.show(c, talk, question, sent, refusals)
	}
	answer, err := s.desk.HandleTalk(c.UserContext(), k.talk, flows.Event{
		ID: pageEvent(k, sent.Get("_nonce"), clip(sent.Get("_choice"), 16)), At: s.now(), Via: flows.Web, What: what,
	})
	if err != nil {
		return err
	}
	if len(answer.Refusals) > 0 {
		return s.show(c, talk, question, sent, answer.Refusals)
	}
	s.takeSeat(c, k.talk)
	filled, isPage := what.(flows.Filled)
	switch stays := answer.Entry == talk.Case.Entry; {
	case stays && !isPage:
		return s.show(c, talk, question, sent, nil) // what was typed stays
	case stays && filled.Page == flows.PageID(talk.Case.At):
		return s.show(c, talk, question, sent, map[flows.Key]string{"": strings.Join(besides(answer.Replies, question), "\n")})
	}
	return c.Redirect("/h5/now", fiber.StatusSeeOther)
}

// spentWords says why a link shows nothing now. A talk that Redis has lost
// stands at no entry until its applicant is heard again.
func spentWords(talk desk.Talk) string {
	if talk.Revision == "" {
		return "页面需要重新打开。请回到聊天里发任意一句话，会得到新的链接，已经填好的不会丢。"
	}
	return "这一步已经完成，链接不能再用了。请回到聊天里，点最新的链接继续。"
}

// spent reports whether the case has left the entry that a link is for. A link
// to the case as such is never spent, it ends by time.
func spent(k link, talk desk.Talk) bool {
	return k.entry != statusMark && k.entry != entryMark(talk.Case.Entry)
}

// hasSeat reports whether this browser opened a link of the talk while it was
// good: then a form that was sent twice, or from a step that was left in the
// meantime, is its own.
func (s *Server) hasSeat(c *fiber.Ctx, talk desk.TalkID) bool {
	k, err := s.links.read(seatPlace, c.Cookies(seatCookie))
	return err == nil && k.talk == talk
}

// pageEvent names a sending: the entry, the page's nonce, and the button, so
// that a double tap is one event and another button is another.
func pageEvent(k link, nonce, what string) string {
	return "page/" + base64.RawURLEncoding.EncodeToString(k.entry[:]) + "/" + clip(nonce, 32) + "/" + what
}

// sent reads what a browser posted. A password is checked here and goes on as
// its hash; everything else is for the flow to judge.
func (s *Server) sent(ctx context.Context, talk desk.Talk, sent url.Values) (flows.Happening, map[flows.Key]string, error) {
	if choice := sent.Get("_choice"); choice != "" {
		return flows.Said{Choice: clip(choice, 16)}, nil, nil
	}
	values := flows.Form{}
	for key, text := range sent {
		if !strings.HasPrefix(key, "_") && len(text) > 0 {
			values[flows.Key(key)] = flows.Conceal(clip(text[0], 500))
		}
	}
	what := flows.Filled{Page: flows.PageID(clip(sent.Get("_page"), 64)), Values: values}
	refusals, err := judged(ctx, s.desk.Flow(), talk.Case, what, s.now())
	return what, refusals, err
}

// judged reads a page of the present step, or of the step that a detour left,
// as the flow will, and puts hashes in the place of its passwords. A page of
// any other step is left to the flow, without its passwords: none goes further
// than this in clear.
func judged(ctx context.Context, flow *flows.Flow, c flows.Case, sent flows.Filled, now time.Time) (map[flows.Key]string, error) {
	for _, at := range []flows.State{c.At, c.Left} {
		step, ok := flow.Step(at)
		if !ok || step.Page == nil || step.Page.ID != sent.Page {
			continue
		}
		if _, refusals := step.Page.Read(sent.Values, c.Form, now); len(refusals) > 0 {
			return refusals, nil
		}
		return nil, hashPasswords(ctx, *step.Page, sent.Values)
	}
	delete(sent.Values, flows.KeyPassword)
	delete(sent.Values, flows.KeyPassword2)
	return nil, nil
}

// hashing bounds how many passwords are hashed at once: each takes 64 MiB.
var hashing = make(chan struct{}, 4)

func hashPasswords(ctx context.Context, page flows.Page, values flows.Form) error {
	for _, field := range page.Fields {
		if field.Input != flows.InputPassword {
			continue
		}
		if field.Same != "" {
			values[field.Key] = values[field.Same]
			continue
		}
		select {
		case hashing <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		hash, err := argon2id.CreateHash(values.Text(field.Key), argon2id.DefaultParams)
		<-hashing
		if err != nil {
			return fmt.Errorf("server: password: %w", err)
		}
		values[field.Key] = flows.Conceal(hash)
	}
	return nil
}

// show draws the present step.
func (s *Server) show(c *fiber.Ctx, talk desk.Talk, question flows.Reply, typed url.Values, problems map[flows.Key]string) error {
	flow := s.desk.Flow()
	step, _ := flow.Step(talk.Case.At)
	v := pages.View{
		Title:    flow.Fill(step.Title, talk.Case.Form),
		Brand:    brand,
		Text:     strings.Split(question.Text, "\n"),
		Action:   s.links.to(talk.ID, talk.Case.Entry),
		Nonce:    rand.Text(),
		InWeChat: inWeChat(c),
		Phone:    flow.Phone,
	}
	if !s.asked(c) {
		v.Carry = s.links.to(talk.ID, talk.Case.Entry) // this browser has taken its own
	}
	v.Why = problems[""]
	if len(problems) == 0 {
		var err error
		if _, v.News, err = s.news(c.UserContext(), talk.ID); err != nil {
			return err
		}
	}
	for _, m := range flow.Milestones(talk.Case) {
		v.Trail = append(v.Trail, pages.Milestone{Name: m.Name, State: string(m.State)})
	}
	for _, d := range question.Documents {
		v.Documents = append(v.Documents, pages.Link{Title: d.Title, URL: documents + d.ID})
	}
	if question.Card != nil {
		v.Documents = append(v.Documents, pages.Link{Title: question.Card.Title, URL: s.links.card(talk.ID)})
	}
	for _, choice := range question.Choices {
		v.Choices = append(v.Choices, pages.Choice{ID: choice.ID, Label: choice.Label})
	}
	switch {
	case step.Page != nil:
		v.Form = form(step.Page, talk.Case.OnPage(), typed, problems)
		if key, asked := fileField(step.Page); asked {
			n, err := s.book.NewPapers(c.UserContext(), talk.ID)
			if err != nil {
				return err
			}
			v.Form.Values[key] = strconv.Itoa(n)
		}
	case question.QR != nil:
		code, err := qrView(question.QR)
		if err != nil {
			return err
		}
		v.QR, v.Waiting = code, true
	case len(flow.Awaits(talk.Case.At)) > 0:
		v.Waiting = true
	default:
		v.Over = "请回到聊天里继续。"
	}
	return s.page(c, fiber.StatusOK, func(b *bytes.Buffer) error { return pages.Render(b, v) })
}

const brand = "数字证书办理"

func form(page *flows.Page, known flows.Form, typed url.Values, problems map[flows.Key]string) *pages.Form {
	f := &pages.Form{Page: *page, Values: map[flows.Key]string{}, Problems: problems, Provinces: flows.Provinces(), Documents: documents}
	for _, field := range page.Fields {
		switch {
		case field.Input == flows.InputPassword, field.Key == flows.KeyCode:
		case field.Input == flows.InputFixed && field.Key == flows.KeyMobile:
			f.Values[field.Key] = flows.Show(field.Key, known)
		case field.Input == flows.InputFixed || typed == nil:
			if field.Key != flows.KeyIDNumber && field.Key != flows.KeyPaperNumber && field.Key != flows.KeyBankCard {
				f.Values[field.Key] = known.Text(field.Key)
			}
		default:
			f.Values[field.Key] = typed.Get(string(field.Key))
		}
	}
	return f
}

// scanners are the apps that scan a code. A page says so of any but Alipay.
var scanners = map[flows.Channel]pages.App{flows.WeChat: pages.ByWeChat}

func qrView(qr *flows.QR) (*pages.QR, error) {
	image, err := qrPNG(qr.Content)
	if err != nil {
		return nil, err
	}
	return &pages.QR{
		PNG:     template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(image)), //nolint:gosec // our own bytes
		Caption: qr.Caption, Until: qr.Until, Link: qr.Content, By: scanners[qr.By],
	}, nil
}

// page writes a drawn page with the headers that every page has.
func (s *Server) page(c *fiber.Ctx, status int, draw func(*bytes.Buffer) error) error {
	var b bytes.Buffer
	if err := draw(&b); err != nil {
		return err
	}
	frame := "'none'"
	if s.cfg.Frame != "" {
		frame = s.cfg.Frame
	}
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors "+frame)
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Status(status).Send(b.Bytes())
}

// notFound says, on a page, why there is nothing here and what to do.
func (s *Server) notFound(c *fiber.Ctx, why string) error {
	v := pages.View{Title: "链接不能使用", Brand: brand, Why: why, Over: "请回到聊天里继续。", Phone: s.desk.Flow().Phone}
	return s.page(c, fiber.StatusNotFound, func(b *bytes.Buffer) error { return pages.Render(b, v) })
}

// takeSeat lets this browser follow the talk for half an hour.
func (s *Server) takeSeat(c *fiber.Ctx, talk desk.TalkID) {
	c.Cookie(&fiber.Cookie{
		Name: seatCookie, Value: s.links.token(seatPlace, talk, "", linkLife), Path: seatPath,
		Expires: s.now().Add(linkLife), HTTPOnly: true, SameSite: s.sameSite(), Secure: s.secure(),
	})
}

func (s *Server) secure() bool { return strings.HasPrefix(s.cfg.PublicURL, "https://") }

func (s *Server) sameSite() string { return fiber.CookieSameSiteLaxMode }

func (s *Server) pageStyle(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, "text/css; charset=utf-8")
	c.Set(fiber.HeaderCacheControl, "public, max-age=86400")
	return c.Send(pages.Style())
}

func (s *Server) pageTerms(c *fiber.Ctx) error {
	for _, a := range flows.Agreements() {
		if a.ID == c.Params("id") {
			d := pages.Document{Agreement: a, Brand: brand, Phone: s.desk.Flow().Phone}
			return s.page(c, fiber.StatusOK, func(b *bytes.Buffer) error { return pages.RenderDocument(b, d) })
		}
	}
	return s.notFound(c, "没有找到这份协议。")
}

// pageReturn is where Alipay leads back to. It proves nothing: what is true
// comes by notification and by asking.
func (s *Server) pageReturn(c *fiber.Ctx) error {
	v := pages.View{Title: "操作完成", Brand: brand, Text: []string{"支付宝里的操作已完成。"}, Over: "请回到聊天里，会自动继续。", Phone: s.desk.Flow().Phone}
	return s.page(c, fiber.StatusOK, func(b *bytes.Buffer) error { return pages.Render(b, v) })
}

// failed is the last resort: an error becomes a neutral sentence for people
// and one line in the log.
func (s *Server) failed(c *fiber.Ctx, err error) error {
	status := fiber.StatusInternalServerError
	var f *fiber.Error
	if errors.As(err, &f) {
		status = f.Code
	} else {
		s.log.Error("a request was not served", slog.String("route", c.Route().Path), slog.Any("error", err))
	}
	if !browsing(c) {
		return c.SendStatus(status)
	}
	title, why := "请稍后再试", "系统暂时繁忙，您填写的内容没有丢失，请稍后返回上一页再提交。"
	switch {
	case status == fiber.StatusNotFound:
		return s.notFound(c, "没有这个页面。请回到聊天里，点最新的链接。")
	case status < fiber.StatusInternalServerError:
		title, why = "没有提交成功", "发来的内容不完整或太长，没有收下。请返回上一页，检查后再提交。"
	}
	v := pages.View{Title: title, Brand: brand, Why: why, Phone: s.desk.Flow().Phone}
	return s.page(c, status, func(b *bytes.Buffer) error { return pages.Render(b, v) })
}

// browsing reports whether a person may be reading the answer, and not a
// partner's program or an agent.
func browsing(c *fiber.Ctx) bool {
	if strings.HasPrefix(c.Path(), "/console") {
		return false
	}
	return strings.HasPrefix(c.Path(), "/h5/") || strings.Contains(c.Get(fiber.HeaderAccept), fiber.MIMETextHTML)
}
