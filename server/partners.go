package server

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"

	"github.com/gofiber/fiber/v2"

	"certdesk/miniapp/alipay"
	"certdesk/server/courier"
	"certdesk/server/pages"
)

// The doors through which partners answer. Each stores what it was told before
// it acknowledges; what it cannot place is kept for a person.

// alipayNotify takes a payment notification. The answer is exactly "success" or "fail";
// anything but a forgery or a failed store is acknowledged.
func (s *Server) alipayNotify(c *fiber.Ctx) error {
	n, err := s.alipay.Notice(append([]byte(nil), c.Body()...))
	switch {
	case errors.Is(err, alipay.ErrForged), errors.Is(err, alipay.ErrOtherApp):
		s.log.Warn("a notification was refused", slog.Any("error", err))
		return c.SendString("fail")
	case err != nil:
		err = s.book.KeepLetter(c.UserContext(), "payment", n.NotifyID, err.Error(), n.Trade.Number, n, s.now())
	case n.Refunded != 0:
		why := "refunded, in total " + n.Refunded.String()
		err = s.book.KeepLetter(c.UserContext(), "payment", n.NotifyID, why, n.Trade.Number, n, s.now())
	default:
		err = s.book.SettlePayment(c.UserContext(), n.Trade, "notify", s.now())
	}
	if err != nil {
		s.log.Error("a notification was not stored", slog.Any("error", err))
		return c.SendString("fail")
	}
	return c.SendString("success")
}

// alipayMessage takes what Alipay tells the application's gateway. As of a
// parcel, a message is believed only that there is news. What is of no interest
// here is acknowledged, or it would come again.
func (s *Server) alipayMessage(c *fiber.Ctx) error {
	payout, err := s.alipay.Message(append([]byte(nil), c.Body()...))
	if errors.Is(err, alipay.ErrUnreadable) {
		s.log.Warn("news from Alipay cannot be read", slog.Any("error", err))
		return c.SendString("success")
	}
	if err == nil && payout != "" {
		err = s.desk.PayoutChanged(c.UserContext(), payout)
	}
	if err != nil {
		s.log.Warn("news from Alipay was not taken", slog.Any("error", err))
		return c.SendString("fail")
	}
	return c.SendString("success")
}

// sfRoutes takes pushed lines of parcels. The push carries no signature: the
// address carries a token, and the courier is asked before a line ends a
// parcel's way.
func (s *Server) sfRoutes(c *fiber.Ctx) error {
	if subtle.ConstantTimeCompare([]byte(c.Query("token")), []byte(s.cfg.SF.PushToken.Reveal())) != 1 {
		return fiber.NewError(fiber.StatusForbidden)
	}
	kind := c.Get(fiber.HeaderContentType)
	err := s.takeRoutes(c.UserContext(), append([]byte(nil), c.Body()...), kind)
	if err != nil {
		s.log.Warn("pushed routes were not taken", slog.Any("error", err))
	}
	answerKind, body := courier.PushAnswer(kind, err)
	c.Set(fiber.HeaderContentType, answerKind)
	return c.Send(body)
}

// takeRoutes believes a push only that there is news: what it is, the courier
// says when asked.
func (s *Server) takeRoutes(ctx context.Context, body []byte, kind string) error {
	pushed, err := courier.ParsePush(body, kind)
	if err != nil {
		return err
	}
	parcels := map[string]bool{}
	for _, scan := range pushed {
		parcels[scan.Parcel] = true
	}
	for number := range parcels {
		scans, err := s.courier.Track(ctx, number)
		if err != nil {
			return err
		}
		if err := s.book.Scanned(ctx, scans, s.now()); err != nil {
			return err
		}
	}
	return nil
}

// showFace leads Alipay's browser from the short address in the code to the
// freshly signed page with the camera, and WeChat's nowhere.
func (s *Server) showFace(c *fiber.Ctx) error {
	provider, err := s.book.ProviderOf(c.UserContext(), c.Params("number"), s.now())
	if err != nil {
		return s.notFound(c, "二维码已过期，请回到聊天里重新获取。")
	}
	if inWeChat(c) { // which opens nothing of Alipay's (M48)
		v := pages.View{
			Title: "用支付宝刷脸", Brand: brand, Phone: s.desk.Flow().Phone,
			Over: "微信里不能打开支付宝：请回到聊天里保存二维码图片，用支付宝“扫一扫”选相册，或用另一部手机的支付宝扫描。",
		}
		return s.page(c, fiber.StatusOK, func(b *bytes.Buffer) error { return pages.Render(b, v) })
	}
	address, err := s.face.Page(provider)
	if err != nil {
		return err
	}
	return c.Redirect(address, fiber.StatusFound)
}
