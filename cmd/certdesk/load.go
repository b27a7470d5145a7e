package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Load on a service of this machine: messages at a given rate, whether or not
// the service keeps up, each with the time it was meant to be sent.

type loadCommand struct {
	URL        string        `default:"http://127.0.0.1:8080" help:"Address of the service, on this machine."`
	Env        string        `help:"File with the account's credentials, as demo.env; the environment when empty." type:"existingfile"`
	Mode       string        `default:"safe" enum:"safe,plain" help:"How messages are sent: safe or plain."`
	Users      int           `default:"1000" help:"People who write."`
	Rate       float64       `default:"200" help:"Messages a second, on average; they arrive at random."`
	For        time.Duration `default:"10s" help:"How long; at most ten minutes."`
	Duplicates float64       `default:"0" help:"Share of messages that are delivered twice at once."`
	Burst      int           `default:"0" help:"Messages that one more person sends at once in the middle; at most a thousand."`
	Mix        string        `default:"帮助=6,到哪了=2,你好=2" help:"What is said, and how often."`
	JSON       bool          `help:"Report as JSON."`
}

const (
	longest  = 10 * time.Minute
	inFlight = 512 // deliveries at a time; whoever waits for a place is late, and counted so
)

// report is what came of it. Times are in microseconds, from when a message was
// meant to be sent.
type report struct {
	Sent       int64   `json:"sent"`
	Accepted   int64   `json:"accepted"`
	Wrong      int64   `json:"wrong_answers"`
	Failed     int64   `json:"failed"`
	Duplicates int64   `json:"duplicates"`
	Seconds    float64 `json:"seconds"`
	P50        int64   `json:"p50_us"`
	P99        int64   `json:"p99_us"`
	P999       int64   `json:"p999_us"`
	Max        int64   `json:"max_us"`
}

// Run sends and reports. An answer that is none is an error.
func (c loadCommand) Run(ctx context.Context) error {
	env, err := c.credentials()
	if err != nil {
		return err
	}
	s, err := newSender(c.URL, c.Mode, env)
	if err != nil {
		return err
	}
	words, err := mix(c.Mix)
	if err != nil {
		return err
	}
	if c.For <= 0 || c.For > longest || c.Rate <= 0 || c.Users < 1 || c.Burst > 1000 {
		return errors.New("--for is at most 10m, --burst at most 1000, and --rate and --users more than nothing")
	}
	r := c.send(ctx, s, words)
	r.write(os.Stdout, c.JSON)
	if r.Wrong+r.Failed > 0 {
		return fmt.Errorf("%d answers were wrong and %d never came", r.Wrong, r.Failed)
	}
	return nil
}

func (c loadCommand) credentials() (func(string) string, error) {
	if c.Env == "" {
		return os.Getenv, nil
	}
	text, err := os.ReadFile(c.Env)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[name] = value
		}
	}
	return func(name string) string { return values[name] }, nil
}

// mix reads "a=2,b=1" as the words a, a and b.
func mix(text string) (words []string, err error) {
	for part := range strings.SplitSeq(text, ",") {
		word, share, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(share)
		if err != nil || n < 0 || n > 100 || word == "" {
			return nil, fmt.Errorf("--mix: %q is not word=share, with a share up to 100", part)
		}
		for range n {
			words = append(words, word)
		}
	}
	if len(words) == 0 {
		return nil, errors.New("--mix says nothing")
	}
	return words, nil
}

// delivery is one message and when it is due.
type delivery struct {
	user, text string
	due        time.Time
	twice      bool
}

// send keeps to the schedule for as long as it was told.
func (c loadCommand) send(ctx context.Context, s *sender, words []string) report {
	due := make(chan delivery, inFlight)
	run := &running{sender: s, times: hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)}
	var all sync.WaitGroup
	for range inFlight {
		all.Go(func() { run.work(due) })
	}
	began := time.Now()
	burst := began.Add(c.For / 2)
	for at := began; at.Sub(began) < c.For && ctx.Err() == nil; at = at.Add(time.Duration(rand.ExpFloat64() / c.Rate * float64(time.Second))) {
		time.Sleep(time.Until(at))
		if c.Burst > 0 && at.After(burst) {
			for range c.Burst {
				due <- delivery{"oBurst", words[0], at, false}
			}
			c.Burst = 0
		}
		due <- delivery{writer(rand.IntN(c.Users)), words[rand.IntN(len(words))], at, rand.Float64() < c.Duplicates}
	}
	close(due)
	all.Wait()
	return run.report(time.Since(began))
}

// writer names one of the people who write.
func writer(i int) string { return fmt.Sprintf("oLoad%06d", i) }

// running counts what came of one run.
type running struct {
	sender                               *sender
	last                                 atomic.Int64
	sent, accepted, wrong, failed, twice atomic.Int64

	mu    sync.Mutex
	times *hdrhistogram.Histogram
}

func (r *running) work(due <-chan delivery) {
	l, second := &line{host: r.sender.host}, &line{host: r.sender.host}
	defer l.close()
	defer second.close()
	for d := range due {
		id := strconv.FormatInt(time.Now().UnixNano()/1000*1000+r.last.Add(1)%1000, 10)
		request, err := r.sender.push(d.user, d.text, id, time.Now())
		if err != nil {
			r.failed.Add(1)
			continue
		}
		var again sync.WaitGroup
		if d.twice {
			r.twice.Add(1)
			again.Go(func() { r.heard(second.deliver(request)) })
		}
		r.sent.Add(1)
		if r.heard(l.deliver(request)) {
			r.accepted.Add(1)
		}
		again.Wait()
		r.mu.Lock()
		_ = r.times.RecordValue(max(1, time.Since(d.due).Microseconds())) // over a minute is the longest that is kept
		r.mu.Unlock()
	}
}

// heard judges an answer: a text, in an envelope when that is how we speak, or
// "success".
func (r *running) heard(status int, body []byte, err error) bool {
	switch {
	case err != nil:
		r.failed.Add(1)
		return false
	case status != 200, !bytes.HasPrefix(body, []byte("<xml>")) && string(body) != "success":
		r.wrong.Add(1)
		return false
	}
	return true
}

func (r *running) report(took time.Duration) report {
	return report{
		Sent: r.sent.Load(), Accepted: r.accepted.Load(), Wrong: r.wrong.Load(), Failed: r.failed.Load(), Duplicates: r.twice.Load(),
		Seconds: took.Seconds(), P50: r.times.ValueAtPercentile(50), P99: r.times.ValueAtPercentile(99),
		P999: r.times.ValueAtPercentile(99.9), Max: r.times.Max(),
	}
}

func (r report) write(w io.Writer, asJSON bool) {
	if asJSON {
		enc := json.NewEncoder(w)
		_ = enc.Encode(r) // the terminal is gone
		return
	}
	ms := func(us int64) string { return fmt.Sprintf("%.1f ms", float64(us)/1000) }
	fmt.Fprintf(w, "%d messages in %.1f s (%.0f a second), %d of them twice\naccepted %d, wrong answers %d, no answer %d\n"+
		"from the time it was due: half within %s, 99%% within %s, 99.9%% within %s, the slowest %s\n",
		r.Sent, r.Seconds, float64(r.Sent)/r.Seconds, r.Duplicates, r.Accepted, r.Wrong, r.Failed, ms(r.P50), ms(r.P99), ms(r.P999), ms(r.Max))
}
