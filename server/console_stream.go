package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"certdesk/server/console"
	"certdesk/server/desk"
)

// What is new on the agents' desk, as server-sent events: "lines" are added to
// the conversation, "swap" replaces parts of the page by their ids.

const (
	beat        = 4 // looks for lines between two looks at everything, with a heartbeat
	lookTimeout = 5 * time.Second
)

// marks are positions in a transcript as a browser may send them back.
var marks = regexp.MustCompile(`^[0-9A-Za-z-]{0,40}$`)

// stream answers with what is new until the browser leaves, the seat ends or
// the process stops. The browser asks again after the last mark it had.
func (c *consoleHTTP) stream(x *fiber.Ctx) error {
	w := &watch{console: c, me: seatOf(x), mark: strings.Clone(x.Query("after")), drawn: map[string]string{}}
	if last := x.Get("Last-Event-ID"); last != "" {
		w.mark = strings.Clone(last)
	}
	if text := x.Query("talk"); text != "" {
		id, ok := talkID(text)
		if !ok || !marks.MatchString(w.mark) {
			return x.SendStatus(fiber.StatusBadRequest)
		}
		w.talk = id
	}
	x.Set(fiber.HeaderContentType, "text/event-stream; charset=utf-8")
	x.Set("X-Accel-Buffering", "no")
	x.Context().SetBodyStreamWriter(w.run) // x itself must not be touched in there
	return nil
}

// watch is one open page.
type watch struct {
	console *consoleHTTP
	me      seat
	talk    desk.TalkID       // empty when none is chosen
	mark    string            // of the last line sent
	step    string            // title of the step after it
	drawn   map[string]string // what each part looked like when it was sent
}

// run writes until it cannot. A browser that left is noticed by a write only,
// hence the heartbeat.
func (w *watch) run(out *bufio.Writer) {
	tick := time.NewTicker(w.console.Pace)
	defer tick.Stop()
	for n := 0; w.console.Now().Before(w.me.Until); n++ {
		if err := w.look(out, n); err != nil {
			w.console.Log.Warn("an agent's page was not kept fresh", slog.String("talk", string(w.talk)), slog.Any("error", err))
			return
		}
		if out.Flush() != nil {
			return
		}
		select {
		case <-w.console.closing:
			return
		case <-tick.C:
		}
	}
}

// look sends new lines at each turn, and everything else with them and at each
// heartbeat. The browser is told to come back soon after a break.
func (w *watch) look(out *bufio.Writer, turn int) error {
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	full := turn%beat == 0
	if full {
		fmt.Fprint(out, "retry: 1000\n\n")
	}
	var lines []desk.Line
	var err error
	if w.talk != "" {
		if lines, w.mark, err = w.console.Lines.Lines(ctx, w.talk, w.mark); err != nil {
			return err
		}
	}
	if !full && len(lines) == 0 {
		return nil
	}
	return w.send(ctx, out, lines)
}

func (w *watch) send(ctx context.Context, out *bufio.Writer, lines []desk.Line) error {
	c := w.console
	all, err := c.queue(ctx)
	if err != nil {
		return err
	}
	if err := w.swap(out, "queue", "", console.NewQueue(all, w.me.Name, w.talk, c.Now())); err != nil {
		return err
	}
	if w.talk == "" {
		return nil
	}
	talk, question, err := c.Desk.Look(ctx, w.talk)
	if err != nil {
		return err
	}
	v, err := c.talk(ctx, talk, question, all, w.me)
	if err != nil {
		return err
	}
	v.Form = console.Form{Token: c.token(w.me), Nonce: rand.Text()}
	if err := w.swap(out, "controls", v.Version, console.Controls(v)); err != nil {
		return err
	}
	if err := w.swap(out, "side", "", console.Side(v)); err != nil {
		return err
	}
	if len(lines) == 0 {
		return nil
	}
	if w.step == "" {
		w.step = v.Step // a page that is open already shows where the talk stands
	}
	said := console.NewLines(c.Desk.Flow(), lines, talk.Case.Form, w.step, c.Now())
	w.step = said.Step
	var b bytes.Buffer
	if err := console.Render(&b, said); err != nil {
		return err
	}
	event(out, "lines", w.mark, b.String())
	return nil
}

// swap sends a part of the page when its version has changed; without a
// version, when it looks different.
func (w *watch) swap(out *bufio.Writer, part, version string, v console.View) error {
	if version != "" && w.drawn[part] == version {
		return nil
	}
	var b bytes.Buffer
	if err := console.Render(&b, v); err != nil {
		return err
	}
	if version == "" {
		version = b.String()
	}
	if w.drawn[part] != version {
		w.drawn[part] = version
		event(out, "swap", "", b.String())
	}
	return nil
}

// plainLines ends every line alike: a lone carriage return in what an applicant
// wrote would begin a field of its own.
var plainLines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// event writes one event. An empty mark leaves the browser's as it is.
func event(out *bufio.Writer, name, mark, html string) {
	fmt.Fprintf(out, "event: %s\n", name)
	if mark != "" {
		fmt.Fprintf(out, "id: %s\n", mark)
	}
	for line := range strings.SplitSeq(plainLines.Replace(html), "\n") {
		fmt.Fprintf(out, "data: %s\n", line)
	}
	fmt.Fprint(out, "\n")
}
