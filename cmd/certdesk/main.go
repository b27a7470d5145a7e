// Command certdesk takes applicants to their digital certificate, in a
// conversation. "certdesk demo" shows the whole of it on one machine; "certdesk
// serve" is the service. The command is thin: what it starts lives in package
// server, what it plays against in package world.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is what can be typed after certdesk.
type commands struct {
	Demo      demoCommand      `cmd:"" help:"Start the service and a whole world around it on this machine."`
	Serve     serveCommand     `cmd:"" help:"Start the service."`
	Talk      talkCommand      `cmd:"" help:"Talk to the manual in this terminal, without any service."`
	Manual    manualCommand    `cmd:"" help:"Print the manual, its diagrams, its faults, or how much of it is obeyed."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the ledger to this release's schema."`
	Staff     staffCommand     `cmd:"" help:"Add an agent who may sign in at the console."`
	Statement statementCommand `cmd:"" help:"Import a statement of the bank."`
	Branches  branchesCommand  `cmd:"" help:"Import a list of banks' branches."`
	Code      codeCommand      `cmd:"" help:"Make a code that opens the official account for a project, to be printed or sent."`
	Evidence  evidenceCommand  `cmd:"" help:"Print what is kept of how somebody was proved: times, results and hashes, for an auditor."`
	Load      loadCommand      `cmd:"" help:"Put a service on this machine under load."`
	Doctor    doctorCommand    `cmd:"" help:"Check the configuration and everything it names."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "certdesk:", err)
		os.Exit(1)
	}
}

// run is main without the globals.
func run(ctx context.Context, args []string) error {
	var c commands
	parser, err := kong.New(&c, kong.Name("certdesk"),
		kong.Description("Digital certificates on a UKey, by conversation."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return command.Run()
}

// logger writes one JSON object a line to the standard error output.
func logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}
