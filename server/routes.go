package server

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"certdesk/server/sealed"
)

// Every address of the service, on one page.

const bodyLimit = 1 << 20

func (s *Server) routes(keys *sealed.Keys) *fiber.App {
	app := fiber.New(fiber.Config{
		AppName:               "certdesk",
		BodyLimit:             bodyLimit,
		ReadTimeout:           15 * time.Second,
		IdleTimeout:           60 * time.Second,
		DisableStartupMessage: true,
		ErrorHandler:          s.failed,

		EnableTrustedProxyCheck: true,
		TrustedProxies:          s.cfg.TrustedProxies,
		ProxyHeader:             "X-Real-IP",
	})
	app.Use(recover.New())

	app.Get("/wechat", s.verifyWechat)
	app.Post("/wechat", s.wechat)

	app.Post("/alipay/notify", s.alipayNotify)
	app.Post("/sf/routes", s.sfRoutes)

	s.mountPages(app)
	s.mountUKey(app)
	app.Get("/ca/chain", s.caChain)
	s.mountMiniapp(app, keys)
	s.console = newConsole(consoleConfig{
		Desk: s.desk, Lines: s.talks, Help: s.book, Staff: s.book, Keys: keys, Now: s.now, Log: s.log, Secure: s.secure(),
	})
	s.console.mount(app.Group("/console"))

	app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok") })
	app.Get("/readyz", s.ready)
	return app
}

// ready says whether this process can serve now: Redis and the ledger answer.
func (s *Server) ready(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
	defer cancel()
	if err := s.redis.Ping(ctx).Err(); err != nil {
		return c.Status(fiber.StatusServiceUnavailable).SendString("redis")
	}
	if err := s.book.Ping(ctx); err != nil {
		return c.Status(fiber.StatusServiceUnavailable).SendString("ledger")
	}
	return c.SendString("ok")
}
