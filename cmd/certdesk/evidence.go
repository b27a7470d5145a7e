package main

import (
	"context"
	"os"

	"certdesk/server"
)

type evidenceCommand struct {
	Number string `arg:"" help:"An order's number, or a talk's."`
	By     string `help:"Who asks, for the audit trail." env:"SUDO_USER,USER" required:""`
}

// Run prints the evidence.
func (e evidenceCommand) Run(ctx context.Context) error {
	return withService(ctx, func(service *server.Server) error { return service.Evidence(ctx, os.Stdout, e.Number, e.By) })
}
