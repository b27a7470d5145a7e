package server

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/server/activation"
	"certdesk/server/desk"
)

// What the tool on the applicant's PC asks, under /ukey/v1.

const resendAfter = 60 // seconds between two authorisation codes

func (s *Server) mountUKey(r fiber.Router) {
	r.Post(activation.BeginPath, asked(s, s.keyBegin))
	r.Post(activation.DevicePath, asked(s, s.seated(s.keyDevice)))
	r.Post(activation.CodePath, asked(s, s.seated(s.keyCode)))
	r.Post(activation.AuthorisePath, asked(s, s.seated(s.keyAuthorise)))
	r.Post(activation.StepPath, asked(s, s.seated(authorised(s.keyStep))))
	r.Post(activation.CertifyPath, asked(s, s.seated(authorised(s.keyCertify))))
	r.Post(activation.ChallengePath, asked(s, s.seated(authorised(s.keyChallenge))))
	r.Post(activation.ProvePath, asked(s, s.seated(authorised(s.keyProve))))
}

// asked runs one call and turns every refusal into words for the person.
func asked(s *Server, call func(*fiber.Ctx) (any, error)) fiber.Handler {
	return func(c *fiber.Ctx) error {
		answer, err := call(c)
		if err == nil {
			return c.JSON(answer)
		}
		refusal, status := keyRefusal(err)
		if status >= fiber.StatusInternalServerError {
			s.log.Error("the key tool was not served", slog.String("path", c.Path()), slog.Any("error", err))
		}
		return c.Status(status).JSON(refusal)
	}
}

// seated finds the session of the bearer token first.
func (s *Server) seated(call func(*fiber.Ctx, desk.Session) (any, error)) func(*fiber.Ctx) (any, error) {
	return func(c *fiber.Ctx) (any, error) {
		token, bearer := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
		if !bearer || token == "" {
			return nil, errSeat
		}
		session, err := s.desk.KeySession(c.UserContext(), flows.Conceal(strings.Clone(token)))
		if errors.Is(err, desk.ErrUnknown) || errors.Is(err, desk.ErrExpired) {
			return nil, errSeat
		}
		if err != nil {
			return nil, err
		}
		return call(c, session)
	}
}

// authorised lets nobody on before the code from the SMS.
func authorised(call func(*fiber.Ctx, desk.Session) (any, error)) func(*fiber.Ctx, desk.Session) (any, error) {
	return func(c *fiber.Ctx, session desk.Session) (any, error) {
		if !session.Authorised {
			return nil, &activation.Error{Code: activation.NotAllowed, Message: "还没有输入短信授权码，请在工具里获取授权码并输入。"}
		}
		return call(c, session)
	}
}

var (
	errSeat = errors.New("server: no session of the key tool")
	errBody = errors.New("server: not what this call expects")
)

func body[T any](c *fiber.Ctx) (T, error) {
	var v T
	if len(c.Body()) > activation.MaxBody || json.Unmarshal(c.Body(), &v) != nil {
		return v, errBody
	}
	return v, nil
}

func (s *Server) keyBegin(c *fiber.Ctx) (any, error) {
	q, err := body[activation.BeginRequest](c)
	if err != nil {
		return nil, err
	}
	if !s.guesses.Allow(c.IP(), s.now()) {
		return nil, desk.ErrFlood
	}
	session, err := s.desk.RedeemTicket(c.UserContext(), flows.Conceal(strings.ToUpper(strings.TrimSpace(q.Code))), clip(q.PC, 64))
	if err != nil {
		return nil, err
	}
	return activation.BeginAnswer{
		Token:       session.Token.Reveal(),
		OrderNo:     session.OrderNo,
		Account:     flows.MaskLogin(session.Account.Reveal()),
		Subject:     flows.MaskName(session.Subject.Name.Reveal()),
		Mobile:      flows.MaskMobile(session.Mobile.Reveal()),
		Container:   session.Container,
		Step:        session.Step,
		ChainSHA256: s.authority.Fingerprint(),
		ExpiresAt:   session.Until,
	}, nil
}

func (s *Server) keyDevice(c *fiber.Ctx, session desk.Session) (any, error) {
	q, err := body[activation.DeviceRequest](c)
	if err != nil || q.Serial == "" || len(q.Serial) > 64 {
		return nil, errBody
	}
	_, err = s.desk.ChangeKey(c.UserContext(), session, desk.KeyChange{Serial: q.Serial})
	return activation.Empty{}, err
}

func (s *Server) keyCode(c *fiber.Ctx, session desk.Session) (any, error) {
	word, err := s.desk.TextKeyCode(c.UserContext(), session)
	if err != nil {
		return nil, err
	}
	return activation.CodeAnswer{Mobile: flows.MaskMobile(session.Mobile.Reveal()), Word: word, ResendInSeconds: resendAfter}, nil
}

func (s *Server) keyAuthorise(c *fiber.Ctx, session desk.Session) (any, error) {
	q, err := body[activation.AuthoriseRequest](c)
	if err != nil {
		return nil, err
	}
	if session.Serial == "" {
		return nil, desk.ErrStale // before the code is used up for nothing
	}
	left, err := s.desk.AuthoriseKey(c.UserContext(), session, flows.Conceal(strings.TrimSpace(q.Code)))
	switch {
	case errors.Is(err, desk.ErrWrong) && left == 0:
		return nil, &activation.Error{Code: activation.SMSLocked, Message: "授权码输错次数太多，已失效，请重新获取。"}
	case errors.Is(err, desk.ErrWrong):
		return nil, &activation.Error{Code: activation.WrongSMSCode, Message: "授权码不对，请核对短信后重新输入。", TriesLeft: left}
	case errors.Is(err, desk.ErrExpired), errors.Is(err, desk.ErrUnknown):
		return nil, &activation.Error{Code: activation.SMSExpired, Message: "授权码已失效，请重新获取。"}
	}
	return activation.AuthoriseAnswer{TriesLeft: left}, err
}

func (s *Server) keyStep(c *fiber.Ctx, session desk.Session) (any, error) {
	q, err := body[activation.StepRequest](c)
	if err != nil || q.Step.Name() == "" || !slices.Contains(stepStates, q.State) {
		return nil, errBody
	}
	step := flows.KeyStep{Step: int(q.Step), Name: q.Step.Name(), State: string(q.State)}
	_, err = s.desk.ChangeKey(c.UserContext(), session, desk.KeyChange{Step: &step})
	return activation.Empty{}, outOfTurn(err)
}

var stepStates = []activation.State{activation.Started, activation.Done, activation.Failed}

// outOfTurn names what the desk calls wrong, or not there, in a call whose
// content has been read: it comes before its turn.
func outOfTurn(err error) error {
	if errors.Is(err, desk.ErrWrong) || errors.Is(err, desk.ErrUnknown) {
		return desk.ErrStale
	}
	return err
}

func (s *Server) keyCertify(c *fiber.Ctx, session desk.Session) (any, error) {
	q, err := body[activation.CertifyRequest](c)
	if err != nil {
		return nil, err
	}
	if q.Serial != session.Serial {
		return nil, &activation.Error{Code: activation.OtherDevice, Message: otherDevice}
	}
	issued, err := s.desk.CertifyKey(c.UserContext(), session, q.CSR, q.Formats)
	var refused *flows.RefusedError
	if errors.As(err, &refused) {
		return nil, &activation.Error{Code: activation.Refused, Message: refused.Public}
	}
	if errors.Is(err, desk.ErrOther) {
		return nil, &activation.Error{Code: activation.OtherKey, Message: "这个订单已经用另一把密钥申请过证书，请插回原来的 UKey，或联系客服。"}
	}
	if err != nil {
		return nil, err
	}
	return activation.CertifyAnswer{
		SignCert: issued.SignCert, EncCert: issued.EncCert, Chain: issued.Chain,
		Envelope: activation.Envelope{Format: issued.Envelope.Format, KEK: issued.Envelope.KEK, Key: issued.Envelope.Key},
	}, nil
}

func (s *Server) keyChallenge(c *fiber.Ctx, session desk.Session) (any, error) {
	nonce, ciphertext, err := s.desk.ChallengeKey(c.UserContext(), session)
	return activation.ChallengeAnswer{Nonce: nonce, Ciphertext: ciphertext}, outOfTurn(err)
}

func (s *Server) keyProve(c *fiber.Ctx, session desk.Session) (any, error) {
	q, err := body[activation.ProveRequest](c)
	if err != nil {
		return nil, err
	}
	err = s.desk.ProveKey(c.UserContext(), session, q.Signature, q.Plaintext)
	if errors.Is(err, desk.ErrWrong) {
		return nil, &activation.Error{Code: activation.WrongProof, Message: "UKey 的测试签名没有通过，请重新运行工具；仍不成功请联系客服。"}
	}
	return activation.ProveAnswer{Activated: err == nil}, outOfTurn(err)
}

const otherDevice = "这个订单要用寄给您的那只 UKey，插入的不是它。请换回原来的 UKey，或联系客服。"

// keyRefusal finds the words and the status for what went wrong.
func keyRefusal(err error) (*activation.Error, int) {
	var said *activation.Error
	var refused *flows.RefusedError
	switch {
	case errors.As(err, &said):
		return said, map[activation.Code]int{
			activation.WrongSMSCode: 403, activation.NotAllowed: 403, activation.OtherDevice: 409, activation.OtherKey: 409,
			activation.Refused: 409, activation.SMSExpired: 410, activation.WrongProof: 422, activation.SMSLocked: 423,
		}[said.Code]
	case errors.As(err, &refused):
		return &activation.Error{Code: activation.TooMany, Message: refused.Public}, fiber.StatusTooManyRequests
	case errors.Is(err, errSeat):
		return &activation.Error{Code: activation.Unauthorised, Message: "这次操作已失效，请在聊天里重新获取激活码。"}, fiber.StatusUnauthorized
	case errors.Is(err, errBody), errors.Is(err, desk.ErrWrong):
		return &activation.Error{Code: activation.BadRequest, Message: "工具发来的内容不对，请下载最新版工具再试。"}, fiber.StatusBadRequest
	case errors.Is(err, desk.ErrUsed):
		return &activation.Error{Code: activation.UsedCode, Message: "激活码已经用过，请在聊天里重新获取。"}, fiber.StatusGone
	case errors.Is(err, desk.ErrExpired):
		return &activation.Error{Code: activation.ExpiredCode, Message: "激活码已过期，请在聊天里重新获取。"}, fiber.StatusGone
	case errors.Is(err, desk.ErrUnknown):
		return &activation.Error{Code: activation.UnknownCode, Message: "没有这个激活码，请核对聊天里的激活码，注意不要输错字母。"}, fiber.StatusNotFound
	case errors.Is(err, desk.ErrOther):
		return &activation.Error{Code: activation.OtherDevice, Message: otherDevice}, fiber.StatusConflict
	case errors.Is(err, desk.ErrStale):
		return &activation.Error{Code: activation.OutOfOrder, Message: "步骤顺序不对，请重新运行工具。"}, fiber.StatusConflict
	case errors.Is(err, desk.ErrFlood):
		return &activation.Error{Code: activation.TooMany, Message: "尝试太频繁，请一分钟后再试。"}, fiber.StatusTooManyRequests
	}
	return &activation.Error{Code: activation.Unavailable, Message: "系统暂时繁忙，请稍后再运行工具，会从断开的地方继续。"}, fiber.StatusServiceUnavailable
}

func clip(text string, runes int) string {
	r := []rune(strings.ToValidUTF8(text, ""))
	return string(r[:min(len(r), runes)])
}

// caChain answers with the authority's certificates, issuer first, as PEM.
func (s *Server) caChain(c *fiber.Ctx) error {
	chain, err := s.authority.Chain(c.UserContext())
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, der := range chain {
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return err
		}
	}
	c.Set(fiber.HeaderContentType, "application/x-pem-file")
	return c.Send(b.Bytes())
}
