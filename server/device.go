package server

import (
	"crypto/rand"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// Which browser a link belongs to, where nobody can be asked who reads it:
// outside of WeChat the first browser takes it, and it opens nowhere else.
//
// What only looks whether there is something must not take a link: a chat that
// draws a preview, a scanner of addresses. Those keep no cookie, so a browser is
// first given one and sent round: what comes back with it has taken the link.

const (
	deviceCookie = "certdesk_device"
	devicePath   = "/h5/device/" // where a browser shows that it keeps cookies
	maxDevice    = 64

	onAnotherDevice = "这个链接已经在另一台设备上打开。要在这里接着办，请回到聊天里发任意一句话，点开新的链接。已经填好的不会丢。"
	keepsNothing    = "这个浏览器不保存网站数据，页面打不开。请在浏览器设置里允许保存，或者换一个浏览器，再从聊天里点开链接。"
)

// device is the name that this browser was given, or nothing.
func device(c *fiber.Ctx) string {
	name := c.Cookies(deviceCookie)
	if len(name) > maxDevice {
		return ""
	}
	return name
}

// nameless reports whether a browser has to be given a name first. Who sits here
// already, and who can be asked inside WeChat, needs none.
func (s *Server) nameless(c *fiber.Ctx, k link) bool {
	return device(c) == "" && !s.asked(c) && !s.hasSeat(c, k.talk)
}

// introduce gives a browser a name and sends it round to come back with it.
func (s *Server) introduce(c *fiber.Ctx) error {
	s.keepDevice(c, rand.Text())
	return c.Redirect(devicePath+strings.Clone(c.Params("token")), fiber.StatusSeeOther)
}

// introduced is where a browser comes round, and goes on to the link.
func (s *Server) introduced(c *fiber.Ctx) error {
	if device(c) == "" {
		return s.notFound(c, keepsNothing)
	}
	return c.Redirect(pagePath+strings.Clone(c.Params("token")), fiber.StatusSeeOther)
}

// keepDevice lets a browser keep its name for longer than any link lives that
// it took.
func (s *Server) keepDevice(c *fiber.Ctx, name string) {
	c.Cookie(&fiber.Cookie{
		Name: deviceCookie, Value: name, Path: seatPath, Expires: s.now().Add(statusLife),
		HTTPOnly: true, SameSite: s.sameSite(), Secure: s.secure(),
	})
}

// takes reports whether a link is this browser's, which takes it when nobody
// has. Without the store nobody can tell: then nothing is shown.
func (s *Server) takes(c *fiber.Ctx, k link) (bool, error) {
	seated := s.hasSeat(c, k.talk)
	name := device(c)
	if s.asked(c) || name == "" {
		return seated, nil
	}
	mine, err := s.talks.Shelf().TakeLink(c.UserContext(), k.id, digest(name), k.until.Sub(s.now()))
	if err != nil || !mine && !seated {
		return false, err
	}
	s.keepDevice(c, name)
	return true, nil
}

// notTaken says why a link is not this browser's.
func notTaken(c *fiber.Ctx) string {
	if device(c) == "" {
		return keepsNothing
	}
	return onAnotherDevice
}

// glanced answers whoever asks without wanting to read: it takes nothing.
func (s *Server) glanced(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusOK) }
