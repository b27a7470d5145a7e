// This file talks to the person at the keyboard, or to the program at the
// other end of a pipe.

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// maxLine bounds an answer, in bytes.
const maxLine = 512

var errNoInput = errors.New("ukeyagent: input ended")

// dialog asks questions. Its answers come in order from one input.
type dialog struct {
	lines    *bufio.Reader
	out      io.Writer
	fd       int
	terminal bool
}

func newDialog(in *os.File, out io.Writer) *dialog {
	fd := int(in.Fd()) //nolint:gosec // a descriptor is a small number
	return &dialog{lines: bufio.NewReaderSize(in, maxLine), out: out, fd: fd, terminal: term.IsTerminal(fd)}
}

// ask prints a question and returns the line that answers it.
func (d *dialog) ask(ctx context.Context, question string) (string, error) {
	answer, err := d.read(ctx, question, d.line)
	return strings.TrimSpace(string(answer)), err
}

// secret is ask without echo. The caller clears the answer.
func (d *dialog) secret(ctx context.Context, question string) ([]byte, error) {
	if !d.terminal {
		return d.read(ctx, question, d.line)
	}
	before, err := term.GetState(d.fd)
	if err != nil {
		return nil, fmt.Errorf("ukeyagent: terminal: %w", err)
	}
	answer, err := d.read(ctx, question, func() ([]byte, error) { return term.ReadPassword(d.fd) })
	fmt.Fprintln(d.out)
	if ctx.Err() != nil {
		return nil, errors.Join(err, term.Restore(d.fd, before))
	}
	return answer, err
}

// read waits for an answer or for the end of ctx. A read that is given up
// stays behind until the program ends, which it does then.
func (d *dialog) read(ctx context.Context, question string, from func() ([]byte, error)) ([]byte, error) {
	fmt.Fprint(d.out, question)
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() { text, err := from(); done <- result{text, err} }()
	select {
	case r := <-done:
		if !d.terminal {
			fmt.Fprintln(d.out)
		}
		return r.text, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// line reads one line without its end. At the end of the input it returns
// errNoInput.
func (d *dialog) line() ([]byte, error) {
	text, err := d.lines.ReadSlice('\n')
	if errors.Is(err, io.EOF) && len(text) > 0 {
		err = nil
	}
	if errors.Is(err, io.EOF) {
		return nil, errNoInput
	}
	if err != nil {
		return nil, fmt.Errorf("ukeyagent: input: %w", err)
	}
	answer := bytes.Clone(bytes.TrimRight(text, "\r\n"))
	clear(text)
	return answer, nil
}

// printable makes words of the service or of a key safe to show in a terminal:
// one line, no control characters, at most 200 characters.
func printable(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == 200 {
			break
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			n++
		}
	}
	return b.String()
}
