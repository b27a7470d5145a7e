package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"certdesk/flows"
	"certdesk/server"
)

// The commands that work with a configured service.

// gcPercent lets garbage grow to four times what is in use, which is little: a
// message costs a tenth less for some tens of megabytes. GOGC overrules it.
const gcPercent = 400

// softMemory is from where on garbage is collected sooner all the same: each
// password that is hashed leaves 64 MiB of it. GOMEMLIMIT overrules it.
const softMemory = 512 << 20 // bytes

type serveCommand struct {
	Embedded bool                 `help:"Keep Redis and the ledger inside this process. For trying out, not for production."`
	Roles    []server.ProcessRole `help:"What this process does: web answers, worker performs the jobs." enum:"web,worker" default:"web,worker"`
}

// Run serves until it is told to stop.
func (s serveCommand) Run(ctx context.Context) error {
	cfg, err := server.ConfigFrom(os.Environ())
	if err != nil {
		return err
	}
	cfg.Embedded, cfg.Roles = s.Embedded, s.Roles
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	service, err := server.New(ctx, cfg, logger(slog.LevelInfo))
	if err != nil {
		return err
	}
	return service.Run(ctx)
}

type migrateCommand struct {
	To     int64 `help:"Version to go to, up or down; this release's when left out. Going down drops what only newer releases know." default:"-1"`
	Status bool  `help:"Only say where the tables are."`
}

// Run changes the ledger's tables, or says where they are.
func (m migrateCommand) Run(ctx context.Context) error {
	cfg, err := server.ConfigFrom(os.Environ())
	if err != nil {
		return err
	}
	cfg.Embedded = cfg.DatabaseURL.IsZero()
	to := m.To
	if m.Status {
		to = server.SchemaAsIs
	}
	at, release, err := server.Migrate(ctx, cfg, to)
	if err != nil {
		return err
	}
	fmt.Printf("The ledger is at version %d; this release's is %d.\n", at, release)
	return nil
}

type staffCommand struct {
	Add staffAddCommand `cmd:"" help:"Add an agent. The password is read from the standard input."`
}

type staffAddCommand struct {
	Name    string `arg:"" help:"Name to sign in with."`
	Display string `help:"Name that applicants read." required:""`
	Role    string `help:"An agent talks to applicants; a supervisor also decides about money." enum:"agent,supervisor" default:"agent"`
}

// Run reads the password from a pipe or the terminal, never from an argument.
func (s staffAddCommand) Run(ctx context.Context) error {
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && line == "" {
		return fmt.Errorf("password from the standard input: %w", err)
	}
	password := flows.Conceal(strings.TrimRight(line, "\r\n"))
	return withService(ctx, func(service *server.Server) error {
		return service.AddStaff(ctx, s.Name, s.Display, server.Role(s.Role), password)
	})
}

func withService(ctx context.Context, do func(*server.Server) error) error {
	cfg, err := server.ConfigFrom(os.Environ())
	if err != nil {
		return err
	}
	cfg.Embedded = cfg.RedisURL.IsZero() && cfg.DatabaseURL.IsZero()
	service, err := server.New(ctx, cfg, logger(slog.LevelError))
	if err != nil {
		return err
	}
	return errors.Join(do(service), service.Close())
}
