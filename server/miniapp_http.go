package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/miniapp"
	"certdesk/miniapp/alipay"
	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// The mini-program's API. The client signs in with Alipay's code, asks for the
// present step and sends an answer; what it gets is always a whole view. How
// the calls are described to the world is in miniapp_api.go.

// conversation is the desk as the mini-program needs it.
type conversation interface {
	Handle(ctx context.Context, who desk.Identity, e flows.Event) (desk.Answer, error)
	HandleTalk(ctx context.Context, id desk.TalkID, e flows.Event) (desk.Answer, error)
	Look(ctx context.Context, id desk.TalkID) (desk.Talk, flows.Reply, error)
	Flow() *flows.Flow
}

// gate is Alipay as the mini-program's people meet it.
type gate interface {
	// Login exchanges the code of my.getAuthCode for an open_id. A code that
	// does not count is a [*flows.RefusedError].
	Login(ctx context.Context, code string) (openID string, err error)

	// Phone reads what my.getPhoneNumber gave, and KnowsPhones reports whether it
	// can. Alipay's definite no is a [*flows.RefusedError].
	Phone(response string) (mobile flows.Secret, err error)
	KnowsPhones() bool

	// Camera turns our short address of a face verification into what opens
	// Alipay's camera. Too late is [desk.ErrExpired], unknown is
	// [desk.ErrUnknown].
	Camera(ctx context.Context, short string) (camera, error)
}

// heard is what was said lately, oldest first.
type heard interface {
	Lines(ctx context.Context, id desk.TalkID, after string) (lines []desk.Line, mark string, err error)
}

type miniApp struct {
	desk  conversation
	gate  gate
	heard heard
	seats *links
	now   func() time.Time
	log   *slog.Logger
}

const (
	miniPlace = "miniapp"
	miniSeat  = 12 * time.Hour
)

func (s *Server) mountMiniapp(app *fiber.App, keys *sealed.Keys) {
	m := &miniApp{
		desk: s.desk, gate: alipayGate{s}, heard: s.talks, now: s.now, log: s.log,
		seats: &links{keys: keys, base: s.cfg.PublicURL, now: s.now, life: miniSeat},
	}
	m.mount(app)
}

// alipayGate is the gate that the service has.
type alipayGate struct{ s *Server }

// Login implements [gate].
func (g alipayGate) Login(ctx context.Context, code string) (string, error) {
	return g.s.alipay.Login(ctx, code)
}

// Phone implements [gate].
func (g alipayGate) Phone(response string) (flows.Secret, error) { return g.s.alipay.Phone(response) }

// KnowsPhones implements [gate].
func (g alipayGate) KnowsPhones() bool { return !g.s.cfg.Alipay.AESKey.IsZero() }

// Camera implements [gate].
func (g alipayGate) Camera(ctx context.Context, short string) (camera, error) {
	id, err := g.s.book.ProviderOf(ctx, path.Base(short), g.s.now())
	if err != nil {
		return camera{}, err
	}
	address, err := g.s.face.Page(id)
	if _, newer := g.s.face.(alipay.Verification); newer {
		return camera{PageURL: address}, err
	}
	return camera{CertifyID: id, CertifyURL: address}, err
}

// signIn opens a seat for twelve hours. Who comes for the first time is
// greeted, so that there is a step to show.
func (m *miniApp) signIn(ctx context.Context, in *bodyOnly) (*answered[signedIn], error) {
	who, err := miniapp.ParseSignIn(in.RawBody)
	if err != nil {
		return nil, m.problem(err)
	}
	openID, err := m.gate.Login(ctx, who.AuthCode)
	if err != nil {
		return nil, m.problem(err)
	}
	mark := entryMark(who.AuthCode) // a code is good for one use, and so for one event
	answer, err := m.desk.Handle(ctx, desk.Identity{Channel: flows.Alipay, ID: openID}, flows.Event{
		ID: "miniapp/in/" + base64.RawURLEncoding.EncodeToString(mark[:]), At: m.now(), Via: flows.Alipay, What: flows.Followed{Scene: who.Scene},
	})
	if err != nil {
		return nil, m.problem(err)
	}
	token := m.seats.token(miniPlace, answer.Talk, "", m.seats.life)
	return &answered[signedIn]{signedIn{Token: token, ExpiresIn: int(m.seats.life.Seconds())}}, nil
}

// step shows where the case stands, and what was said since the applicant
// spoke: news of the world, and an agent's words.
func (m *miniApp) step(ctx context.Context, in *bearer) (*answered[miniapp.View], error) {
	id, err := m.seat(in.Authorization)
	if err != nil {
		return nil, m.problem(err)
	}
	talk, question, err := m.look(ctx, id)
	if err != nil {
		return nil, m.problem(err)
	}
	lines, _, err := m.heard.Lines(ctx, id, "")
	if err != nil {
		return nil, m.problem(err)
	}
	return m.view(talk, question, newsOf(lines, question), nil), nil
}

// answer takes what the applicant typed, tapped or filled in. A page that is
// refused is no event: what was typed stays with the client.
func (m *miniApp) answer(ctx context.Context, in *bearerBody) (*answered[miniapp.View], error) {
	id, err := m.seat(in.Authorization)
	if err != nil {
		return nil, m.problem(err)
	}
	what, nonce, err := miniapp.Parse(in.RawBody)
	if err != nil {
		return nil, m.problem(err)
	}
	if sent, ok := what.(flows.Filled); ok {
		talk, question, err := m.look(ctx, id)
		if err != nil {
			return nil, m.problem(err)
		}
		refusals, err := judged(ctx, m.desk.Flow(), talk.Case, sent, m.now())
		if err != nil {
			return nil, m.problem(err)
		}
		if len(refusals) > 0 {
			return m.view(talk, question, nil, refusals), nil
		}
	}
	return m.happens(ctx, id, nonce, what)
}

// happens lets the desk decide, and shows what came of it.
func (m *miniApp) happens(ctx context.Context, id desk.TalkID, nonce string, what flows.Happening) (*answered[miniapp.View], error) {
	answer, err := m.desk.HandleTalk(ctx, id, flows.Event{
		ID: "miniapp/" + string(id) + "/" + nonce, At: m.now(), Via: flows.Alipay, What: what,
	})
	if err != nil {
		return nil, m.problem(err)
	}
	talk, question, err := m.look(ctx, id)
	if err != nil {
		return nil, m.problem(err)
	}
	return m.view(talk, question, besides(answer.Replies, question), answer.Refusals), nil
}

// phone takes the number that Alipay tells, because the applicant let it. It is
// proposed: what is believed is a code that reaches it.
func (m *miniApp) phone(ctx context.Context, in *bearerBody) (*answered[miniapp.View], error) {
	id, err := m.seat(in.Authorization)
	if err != nil {
		return nil, m.problem(err)
	}
	told, err := miniapp.ParsePhone(in.RawBody)
	if err != nil {
		return nil, m.problem(err)
	}
	mobile, err := m.gate.Phone(told.Response)
	if err != nil {
		m.log.Warn("a number was not taken from Alipay", slog.Any("error", err))
		return nil, m.problem(err)
	}
	return m.happens(ctx, id, told.Nonce, flows.PhoneKnown{Mobile: mobile})
}

// face gives what the client needs to open the camera.
func (m *miniApp) face(ctx context.Context, in *bearer) (*answered[camera], error) {
	id, err := m.seat(in.Authorization)
	if err != nil {
		return nil, m.problem(err)
	}
	talk, _, err := m.look(ctx, id)
	if err != nil {
		return nil, m.problem(err)
	}
	if talk.Case.At != flows.PersonScan {
		return nil, m.problem(desk.ErrUnknown)
	}
	opens, err := m.gate.Camera(ctx, talk.Case.Form.Text(flows.KeyFaceURL))
	if err != nil {
		return nil, m.problem(err)
	}
	return &answered[camera]{opens}, nil
}

// look finds the case of a seat. Whoever goes on with another one signs in again,
// which leads there.
func (m *miniApp) look(ctx context.Context, id desk.TalkID) (desk.Talk, flows.Reply, error) {
	talk, question, err := m.desk.Look(ctx, id)
	if err == nil && talk.Case.At == flows.Moved {
		err = desk.ErrMoved
	}
	return talk, question, err
}

// seat reads the bearer token.
func (m *miniApp) seat(authorization string) (desk.TalkID, error) {
	token, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return "", errLink
	}
	k, err := m.seats.read(miniPlace, token)
	if errors.Is(err, desk.ErrExpired) {
		return "", errLink
	}
	return k.talk, err
}

func (m *miniApp) view(talk desk.Talk, question flows.Reply, said []string, refusals map[flows.Key]string) *answered[miniapp.View] {
	mark := entryMark(talk.Case.Entry)
	return &answered[miniapp.View]{miniapp.Render(miniapp.Shown{
		Flow: m.desk.Flow(), Case: talk.Case, Question: question, Said: said, Refusals: refusals,
		Nonce: rand.Text(), Stay: base64.RawURLEncoding.EncodeToString(mark[:]),
		Card: m.seats.card(talk.ID), Browser: m.seats.status(talk.ID), Known: miniapp.Known(m.gate.KnowsPhones()),
	})}
}

// besides are the texts of an answer that are not the step's own question: the
// view has that already.
func besides(replies []flows.Reply, question flows.Reply) []string {
	var said []string
	for _, r := range replies {
		if r.Text != question.Text && len(r.Choices) == 0 && r.Page == nil && r.QR == nil {
			said = append(said, r.Text)
		}
	}
	return said
}

// newsOf returns an agent's words since the applicant spoke, and what the bot said
// at the last event that was not the applicant's. The transcript is where both
// are: nothing is pushed to a mini-program.
func newsOf(lines []desk.Line, question flows.Reply) []string {
	var agent, bot []string
	event := desk.WhoApplicant
	for _, l := range lines {
		switch l.Who {
		case desk.WhoApplicant:
			agent, bot, event = nil, nil, l.Who
		case desk.WhoAgent:
			bot, event = nil, l.Who
			if l.Via == viaAgentSaid {
				agent = append(agent, "客服"+l.Name+"："+l.Text)
			}
		case desk.WhoWorld:
			if l.Text == string(flows.KindUnheard) {
				continue // that no chat carried the words does not unsay them here
			}
			bot, event = nil, l.Who
		case desk.WhoBot:
			if event != desk.WhoApplicant && !repeats(l.Text, question.Text) {
				bot = append(bot, l.Text)
			}
		}
	}
	return append(agent, bot...)
}

// viaAgentSaid marks what an agent wrote and the applicant is to read; an
// agent's message that was refused carries another mark.
const viaAgentSaid = "agent said"

// repeats reports whether a line of the transcript is the question itself. The
// transcript masks numbers and codes, and ends with the choices.
func repeats(line, question string) bool {
	return question != "" && strings.HasPrefix(wordsOnly(line), wordsOnly(question))
}

// wordsOnly is what of a text the transcript never masks.
func wordsOnly(text string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && r != '\n' {
			return -1
		}
		return r
	}, text)
}

// problem puts an error into words for the applicant. What nobody can help
// with is logged here, once.
func (m *miniApp) problem(err error) *problem {
	if refused, ok := errors.AsType[*flows.RefusedError](err); ok {
		return &problem{Why: refused.Public, status: http.StatusUnprocessableEntity}
	}
	for _, known := range problems {
		if errors.Is(err, known.fact) {
			return &problem{Why: known.why, status: known.status}
		}
	}
	m.log.Error("the mini-program was not served", slog.Any("error", err))
	return &problem{Why: wordsOf(http.StatusServiceUnavailable), status: http.StatusServiceUnavailable}
}
