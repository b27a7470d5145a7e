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
	app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok") })
	app.Get("/readyz", s.ready)
	app.Get("/metrics", s.watch.serve(s.cfg.MetricsToken))
	s.console = newConsole(consoleConfig{
		Desk: s.desk, Lines: s.talks, Help: s.book, Tried: s.book, Staff: s.book, Book: s.book, Account: s.cfg.Bank.Account,
		Keys: keys, Now: s.now, Log: s.log, Secure: s.secure(), Reach: s.voice.left,
	})
	if !s.has(RoleWeb) {
		return app
	}
	app.Use(s.bounded, s.watch.timed)

	app.Get("/wechat", s.verifyWechat)
	app.Post("/wechat", s.wechat)

	app.Post("/alipay/notify", s.alipayNotify)
	app.Post("/alipay/gateway", s.alipayMessage)
	app.Post("/sf/routes", s.sfRoutes)

	s.mountPages(app)
	s.mountUKey(app)
	app.Get("/ca/chain", s.caChain)
	s.mountMiniapp(app, keys)
	s.uploads = newLimiter(filesAMinute, time.Minute)
	app.Server().HeaderReceived = s.allowed
	s.console.mount(app.Group("/console"))

	return app
}

// bounded turns a request away when too many are being answered: those are
// answered in time, and WeChat delivers the others again.
func (s *Server) bounded(c *fiber.Ctx) error {
	defer s.busy.Add(-1)
	if s.busy.Add(1) > s.cfg.MaxBusy {
		return fiber.NewError(fiber.StatusServiceUnavailable)
	}
	return c.Next()
}

// nearlyFull is when a balancer should look for another process.
const nearlyFull = 0.75

// ready says whether this process can serve now: it stays, it is not near its
// bounds, and Redis and the ledger answer.
func (s *Server) ready(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
	defer cancel()
	why := ""
	switch {
	case s.leaving.Load():
		why = "stopping"
	case float64(s.busy.Load()) > nearlyFull*float64(s.cfg.MaxBusy):
		why = "busy"
	case s.desk.Backlog() > nearlyFull:
		why = "backlog"
	case s.redis.Ping(ctx).Err() != nil:
		why = "redis"
	case s.book.Ping(ctx) != nil:
		why = "ledger"
	}
	if why != "" {
		return c.Status(fiber.StatusServiceUnavailable).SendString(why)
	}
	return c.SendString("ok")
}
