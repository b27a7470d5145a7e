package server

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"certdesk/bot/wechat"
	"certdesk/flows"
	"certdesk/server/desk"
)

// Whose browser opens a link. Inside WeChat we ask before anything is shown: a
// link that was forwarded shows nothing to anybody but its applicant. Elsewhere
// nobody can be asked: device.go.

const (
	wayCookie = "certdesk_way" // state and link, while the browser is at WeChat's
	openAgain = "请回到聊天里，重新点开链接。"
)

func inWeChat(c *fiber.Ctx) bool {
	return strings.Contains(c.Get(fiber.HeaderUserAgent), "MicroMessenger")
}

// asked reports whether WeChat says whose this browser is.
func (s *Server) asked(c *fiber.Ctx) bool { return s.cfg.WeChat.OAuth && inWeChat(c) }

// unknown reports whether a browser must say first whose it is.
func (s *Server) unknown(c *fiber.Ctx, talk desk.TalkID) bool {
	return s.asked(c) && !s.hasSeat(c, talk)
}

// signIn sends a WeChat browser away to say who its user is.
func (s *Server) signIn(c *fiber.Ctx, token string) error {
	state := rand.Text()
	c.Cookie(&fiber.Cookie{
		Name: wayCookie, Value: state + "." + token, Path: seatPath, Expires: s.now().Add(linkLife),
		HTTPOnly: true, SameSite: s.sameSite(), Secure: s.secure(),
	})
	return c.Redirect(s.voice.client.SignIn(s.cfg.PublicURL+"/h5/oauth/wechat", state), fiber.StatusFound)
}

// signedIn is where WeChat sends the browser back to, with a code that names
// its user. Only the applicant whom the link was sent to gets on.
func (s *Server) signedIn(c *fiber.Ctx) error {
	state, token, ok := strings.Cut(c.Cookies(wayCookie), ".")
	if !ok || subtle.ConstantTimeCompare([]byte(state), []byte(c.Query("state"))) != 1 {
		return s.notFound(c, openAgain)
	}
	k, err := s.links.read(linkPlace, token)
	if err != nil {
		return s.notFound(c, deadLink(err))
	}
	openid, err := s.voice.client.Who(c.UserContext(), strings.Clone(c.Query("code")))
	switch {
	case errors.Is(err, wechat.ErrVirtual):
		return s.notFound(c, "现在打开的是快照页面，看不到您的办理内容。请点页面下方的“使用完整服务”，再从聊天里点开链接。")
	case errors.Is(err, wechat.ErrCode):
		return s.notFound(c, openAgain)
	case err != nil:
		return err
	}
	mine, err := s.speaks(c.UserContext(), k.talk, openid)
	if err != nil {
		return err
	}
	if !mine {
		return s.notFound(c, "这个链接是发给另一位办理人的，只能由本人打开。办理您自己的证书，请直接给公众号发消息。")
	}
	c.ClearCookie(wayCookie)
	s.takeSeat(c, k.talk)
	return c.Redirect("/h5/s/"+token, fiber.StatusFound)
}

// speaks reports whether a talk is with this person on WeChat.
func (s *Server) speaks(ctx context.Context, talk desk.TalkID, openid string) (bool, error) {
	people, err := s.book.Identities(ctx, talk)
	return slices.Contains(people, desk.Identity{Channel: flows.WeChat, ID: openid}), err
}
