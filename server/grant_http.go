package server

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"strings"

	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/pages"
)

// The pages for whoever holds the Alipay account that is to prove a company:
// often not the applicant, so they say who asks for what before anything is
// agreed to at Alipay.

const (
	grantCookie = "certdesk_grant" // state and number, while the browser is at Alipay's
	grantBack   = "/h5/oauth/alipay"
)

// showGrant says who asks, and leads to Alipay. WeChat opens nothing of Alipay
// (M48): there the page only says how to go on.
func (s *Server) showGrant(c *fiber.Ctx) error {
	number := strings.Clone(c.Params("number"))
	g, err := s.book.Grant(c.UserContext(), number, s.now())
	switch {
	case errors.Is(err, desk.ErrUsed):
		return s.grantPassed(c)
	case errors.Is(err, desk.ErrUnknown), errors.Is(err, desk.ErrExpired):
		return s.notFound(c, "授权二维码已失效，请在聊天里重新获取。")
	case err != nil:
		return err
	}
	v := pages.View{
		Title: "用支付宝授权", Brand: brand, Phone: s.desk.Flow().Phone, InWeChat: inWeChat(c),
		Text: []string{
			"经办人：" + flows.MaskName(g.Handler.Name.Reveal()),
			"认证单位：" + g.Org.Name.Reveal(),
			"授权给：" + brand,
			"只核对这个支付宝是谁实名的。不读取登录密码、印章、成员和资金，不会让您付款；有人借此要您付款，请不要相信。",
			"如果您不认识经办人，或没有委托办理，请直接关闭本页。",
		},
	}
	if v.InWeChat {
		v.Over = "微信里不能打开支付宝：请点右上角，选“在浏览器打开”，或用支付宝扫一扫扫描二维码。"
		return s.page(c, fiber.StatusOK, func(b *bytes.Buffer) error { return pages.Render(b, v) })
	}
	state := rand.Text()
	c.Cookie(&fiber.Cookie{
		Name: grantCookie, Value: state + "." + number, Path: seatPath, Expires: s.now().Add(linkLife),
		HTTPOnly: true, SameSite: s.sameSite(), Secure: s.secure(),
	})
	v.Go = pages.Link{Title: "同意，去支付宝授权", URL: s.desk.Agreement(g, s.cfg.PublicURL+grantBack, state)}
	return s.page(c, fiber.StatusOK, func(b *bytes.Buffer) error { return pages.Render(b, v) })
}

// granted is where Alipay sends the holder's browser back to. Only the browser
// that was shown who asks is believed.
func (s *Server) granted(c *fiber.Ctx) error {
	state, number, ok := strings.Cut(c.Cookies(grantCookie), ".")
	if !ok || subtle.ConstantTimeCompare([]byte(state), []byte(c.Query("state"))) != 1 {
		return s.notFound(c, "没有授权成功。请重新扫描二维码，在同一部手机上完成授权。")
	}
	number = strings.Clone(number)
	why, err := s.desk.Granted(c.UserContext(), number, clip(strings.Clone(c.Query("auth_code")), 128))
	if errors.Is(err, desk.ErrWrong) { // the same address opened twice, perhaps
		if _, err := s.book.Grant(c.UserContext(), number, s.now()); errors.Is(err, desk.ErrUsed) {
			return s.grantPassed(c)
		}
		why, err = "没有授权成功，可能是中途取消了。", nil
	}
	switch {
	case errors.Is(err, desk.ErrUsed):
		return s.grantPassed(c)
	case errors.Is(err, desk.ErrUnknown), errors.Is(err, desk.ErrExpired):
		return s.notFound(c, "授权二维码已失效，请在聊天里重新获取。")
	case err != nil:
		s.log.Warn("whose account was shown stayed open", slog.Any("error", err))
		why = "支付宝暂时没有返回结果，这次授权没有收到。"
	case why == "":
		return s.grantPassed(c)
	}
	v := pages.View{
		Title: "授权没有通过", Brand: brand, Phone: s.desk.Flow().Phone, Why: why,
		Go: pages.Link{Title: "重新授权", URL: "/h5/grant/" + number},
	}
	return s.page(c, fiber.StatusOK, func(b *bytes.Buffer) error { return pages.Render(b, v) })
}

func (s *Server) grantPassed(c *fiber.Ctx) error {
	v := pages.View{
		Title: "授权成功", Brand: brand, Phone: s.desk.Flow().Phone,
		Text: []string{"单位的身份已核对通过，可以关闭本页。"}, Over: "办理会在聊天里自动继续。",
	}
	return s.page(c, fiber.StatusOK, func(b *bytes.Buffer) error { return pages.Render(b, v) })
}
