package server

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"certdesk/bot"
	"certdesk/flows"
	"certdesk/server/desk"
)

// The official account's callback. WeChat repeats a push that is not answered
// in five seconds, so nothing slow happens here: slow work is an effect, and
// its result reaches the applicant as a later message.

const (
	answerWithin = 3500 * time.Millisecond
	lateAfter    = 9 * time.Second // a delivery this old is the last
	sendAgain    = "系统刚才有点忙，没有收到这条消息，请再发一次。"
	tooFast      = "您发得太快了，请慢一点，稍后再发。"
)

func query(c *fiber.Ctx) bot.Query {
	return bot.Query{
		Signature:    strings.Clone(c.Query("signature")),
		Timestamp:    strings.Clone(c.Query("timestamp")),
		Nonce:        strings.Clone(c.Query("nonce")),
		OpenID:       strings.Clone(c.Query("openid")),
		EncryptType:  strings.Clone(c.Query("encrypt_type")),
		MsgSignature: strings.Clone(c.Query("msg_signature")),
	}
}

// verifyWechat proves to the platform that the address is ours.
func (s *Server) verifyWechat(c *fiber.Ctx) error {
	if err := bot.CheckSignature(s.account.Token.Reveal(), query(c), s.now(), s.account.MaxSkew); err != nil {
		return fiber.NewError(fiber.StatusForbidden)
	}
	return c.SendString(c.Query("echostr"))
}

// wechat answers one push.
func (s *Server) wechat(c *fiber.Ctx) error {
	q := query(c)
	msg, err := s.account.Receive(q, c.Body(), s.now())
	switch {
	case errors.Is(err, bot.ErrUnknown):
		s.watch.refused.WithLabelValues("no meaning").Inc()
		return c.SendString(bot.NoAnswer)
	case errors.Is(err, bot.ErrMalformed):
		s.watch.refused.WithLabelValues("malformed").Inc()
		return fiber.NewError(fiber.StatusBadRequest)
	case err != nil:
		s.watch.refused.WithLabelValues("signature").Inc()
		return fiber.NewError(fiber.StatusForbidden)
	}
	if msg.Lost != "" {
		return s.lost(c, msg.Lost)
	}
	text, err := s.hear(c.UserContext(), msg)
	if err != nil {
		return err // not acknowledged: it comes again
	}
	body, err := s.account.Answer(msg, text, s.now(), q.Nonce, rand.Reader)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/xml; charset=utf-8")
	return c.Send(body)
}

// lost keeps what a template message said that did not reach the person. What is
// not known any more cannot be said again.
func (s *Server) lost(c *fiber.Ctx, id string) error {
	shelf := s.talks.Shelf()
	told, err := shelf.Told(c.UserContext(), id)
	for again := 0; err == nil && told.Talk == "" && again < 10; again++ { // the push may overtake the answer to our call
		time.Sleep(200 * time.Millisecond)
		told, err = shelf.Told(c.UserContext(), id)
	}
	if err == nil && told.Talk != "" {
		err = s.desk.Undelivered(c.UserContext(), told.Talk, "template/"+id, told.Say)
	}
	if err == nil && told.Talk != "" {
		err = shelf.DropTold(c.UserContext(), id)
	}
	if err != nil {
		return err // not acknowledged: it comes again
	}
	return c.SendString(bot.NoAnswer)
}

// hear decides a message and returns the passive answer, empty for none. What
// does not fit into it follows as customer messages.
func (s *Server) hear(ctx context.Context, msg bot.Message) (string, error) {
	began := s.now()
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	answer, err := s.desk.Handle(ctx, desk.Identity{Channel: flows.WeChat, ID: msg.From}, msg.Event)
	switch {
	case errors.Is(err, desk.ErrFlood):
		return tooFast, nil
	case err != nil && s.now().Sub(msg.Event.At) > lateAfter:
		s.watch.refused.WithLabelValues("too late").Inc()
		s.log.Error("a message was not taken", slog.Any("error", err))
		return sendAgain, nil
	case err != nil:
		s.watch.refused.WithLabelValues("not committed").Inc()
		return "", err
	case answer.Queued:
		return "", nil
	}
	text, rest := bot.Render(answer.Replies, s.links.of(answer.Talk))
	if now := s.now(); now.Sub(began) > answerWithin+time.Second && now.Sub(msg.Event.At) > lateAfter {
		text, rest = "", append([]string{text}, rest...) // nobody listens to this answer, and no delivery follows
	}
	if len(rest) > 0 {
		s.later(func(ctx context.Context) { s.follows(ctx, msg, answer.Talk, rest) })
	}
	return text, nil
}

// follows sends what did not fit into an answer. What cannot be sent is said
// when the person is heard next.
func (s *Server) follows(ctx context.Context, msg bot.Message, talk desk.TalkID, texts []string) {
	notes := make([]bot.Note, len(texts))
	for i, text := range texts {
		notes[i].Text = text
	}
	now, _, err := s.desk.Look(ctx, talk)
	if err == nil {
		notes, err = s.voice.notes(ctx, desk.Listener{ID: msg.From, Talk: talk, Contact: now.Case.Contact}, notes, 0)
	}
	if err == nil {
		return
	}
	unheard := make([]flows.Secret, len(notes))
	for i, n := range notes {
		unheard[i] = flows.Conceal(n.Text)
	}
	_, lost := s.desk.HandleTalk(ctx, talk, flows.Event{
		ID: "unheard/" + msg.Event.ID, At: s.now(), Via: flows.Within, What: flows.Unheard{Texts: unheard},
	})
	s.log.Warn("the rest of an answer was not sent", slog.Any("error", errors.Join(err, lost)))
}
