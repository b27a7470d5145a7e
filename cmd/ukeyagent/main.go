// Command ukeyagent is the tool on the applicant's computer that puts the
// certificates into the UKey: chapter 1.6 of the operations manual, lines M104
// to M123. The applicant reads a code in the chat and gives it to the tool;
// the tool asks the service, works on the key in five steps, and tells the
// service how far it is.
//
// It stores nothing on the computer. What is done can be read from the key and
// from the service, so a run that was cut off at any point is continued by
// starting again with a new code, and ends with the same keys and
// certificates. It opens no port, follows no redirection and verifies what it
// receives before it writes. PIN and authorisation code are read from the
// terminal without echo or from a pipe, never from an argument; the PIN goes
// to the key and nowhere else.
//
// Lines from a pipe are read in the order of the questions: a line for the
// confirmation unless --yes is given, the authorisation code, the PIN, the new
// PIN (empty or missing keeps the old one).
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// commands are what the tool can do.
type commands struct {
	Activate activateCommand `cmd:"" help:"制作证书：生成密钥、申请证书并写入 Ukey。"`
	List     listCommand     `cmd:"" help:"列出已插入的 Ukey。"`
}

// world is what a command needs from outside.
type world struct {
	in   *dialog
	out  io.Writer
	now  func() time.Time
	load func(module string) (driver, error)
	wait func(ctx context.Context, d time.Duration) error
}

// run is main without the globals. It returns the exit code.
func run(ctx context.Context, args []string, in *os.File, out, errs io.Writer) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("ukeyagent"), kong.Description("Ukey 证书工具"),
		kong.Writers(out, errs), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintln(errs, "ukeyagent:", err)
		return exitOther
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errs, "%v\n请运行 ukeyagent --help 查看用法。\n", err)
		return exitUsage
	}
	w := &world{in: newDialog(in, out), out: out, now: time.Now, load: load, wait: wait}
	if err := command.Run(w); err != nil {
		words, code := explain(err)
		fmt.Fprintf(errs, "%s\n（技术信息：%s）\n", words, printable(err.Error()))
		return code
	}
	return 0
}

// wait pauses for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
