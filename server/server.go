// Package server wires the service: it is the only package that knows Fiber,
// and wire.go is the only page that knows which adapter serves which port. It
// promises to report every mistake of the configuration at once, to serve
// nothing with a manual that has faults, and to stop in order: first no new
// requests, then those in hand, then the work behind them.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/redis/go-redis/v9"

	"certdesk/bot"
	"certdesk/flows"
	"certdesk/miniapp/alipay"
	"certdesk/server/bank"
	"certdesk/server/ca"
	"certdesk/server/courier"
	"certdesk/server/desk"
	"certdesk/server/esign"
	"certdesk/server/ledger"
	"certdesk/server/sms"
	"certdesk/server/talks"
)

// Server is one process of the service.
type Server struct {
	cfg       Config
	log       *slog.Logger
	now       func() time.Time
	web       *fiber.App
	desk      *desk.Desk
	book      *ledger.Ledger
	talks     *talks.Store
	redis     redis.UniversalClient
	embedded  *miniredis.Miniredis
	account   bot.Account
	voice     *wechatVoice
	eyes      desk.Eyes
	uploads   *limiter // of files, by talk
	alipay    *alipay.Client
	face      desk.Face
	courier   *courier.Client
	texter    *sms.Client
	caller    desk.Caller // none, when nil
	authority *ca.Client
	bank      *bank.Feed
	register  desk.Register // none, when nil
	factors   desk.Factors  // none, when nil
	esign     *esign.Client // none, when nil
	links     *links
	guesses   *limiter
	console   *consoleHTTP
	watch     *gauges
	health    *health
	untrace   func(context.Context) error // sends the stories that are left
	busy      atomic.Int64                // requests being answered
	leaving   atomic.Bool                 // the process has been told to stop
	extras    sync.WaitGroup              // what a request left to be done after its answer
}

// ProcessRole is a share of the service that a process may take.
type ProcessRole string

// The roles. Every process settles what it decided itself, and tells how it is.
const (
	RoleWeb    ProcessRole = "web"    // answers applicants, partners and agents
	RoleWorker ProcessRole = "worker" // performs the jobs, archives transcripts, sets the menu
)

// has reports whether this process takes a role.
func (s *Server) has(r ProcessRole) bool {
	return len(s.cfg.Roles) == 0 || slices.Contains(s.cfg.Roles, r)
}

// Run serves until ctx ends or a part fails, then stops in order: first no new
// requests, then the requests in hand and what they left to do, then the jobs.
// It returns the first failure, or nil after an orderly stop.
func (s *Server) Run(ctx context.Context) error {
	listener, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("server: listen: %w", err)
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	failed := make(chan error, 2)
	var parts sync.WaitGroup
	parts.Go(func() { failed <- s.web.Listener(listener) })
	parts.Go(func() { s.desk.Run(work) })
	if s.has(RoleWorker) {
		parts.Go(func() { failed <- s.book.Work(work, s.desk) })
		parts.Go(func() { s.archive(work) })
		parts.Go(func() { s.postMenu(work) })
	}
	if s.embedded != nil {
		parts.Go(func() { s.tick(work) })
	}
	parts.Go(func() { s.health.keep(work) })
	s.log.Info("serving", slog.String("address", listener.Addr().String()))
	var first error
	select {
	case <-ctx.Done():
	case first = <-failed:
	}
	s.leaving.Store(true)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Drain)
	defer cancel()
	s.console.close() // its streams would hold up the stop for ever
	first = errors.Join(first, s.web.ShutdownWithContext(drain))
	s.extras.Wait()
	stopWork()
	parts.Wait()
	return errors.Join(first, s.untrace(drain), s.Close())
}

// Close gives back what New opened.
func (s *Server) Close() error {
	var errs []error
	if s.book != nil {
		errs = append(errs, s.book.Close())
	}
	if s.redis != nil {
		errs = append(errs, s.redis.Close())
	}
	if s.embedded != nil {
		s.embedded.Close()
	}
	return errors.Join(errs...)
}

// later does something after a request was answered. A stop waits for it.
func (s *Server) later(do func(context.Context)) {
	s.extras.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), partnerTimeout)
		defer cancel()
		do(ctx)
	})
}

// ErrNameTaken is returned for an agent who exists already.
var ErrNameTaken = errors.New("server: somebody signs in under that name already")

// Role is what a member of staff may do: an agent talks to applicants, and a
// supervisor also decides about money.
type Role = ledger.Role

// The roles.
const (
	RoleAgent      = ledger.RoleAgent
	RoleSupervisor = ledger.RoleSupervisor
)

// AddStaff adds somebody who may sign in at the console. A name that is taken
// keeps its password: [ErrNameTaken].
func (s *Server) AddStaff(ctx context.Context, name, display string, role Role, password flows.Secret) error {
	if _, err := flows.ReadPassword(password.Reveal(), s.now()); err != nil {
		return errors.New("server: the password is too weak: it needs 8 to 64 characters, with letters and digits")
	}
	err := s.book.AddStaff(ctx, ledger.Staff{Name: name, Display: display, Role: role}, password, s.now())
	if errors.Is(err, desk.ErrUsed) {
		return ErrNameTaken
	}
	return err
}
