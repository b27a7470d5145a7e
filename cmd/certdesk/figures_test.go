package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"certdesk/server/talks"
)

// The figures of "make bench": each row of the table with its quartiles, all of
// them taken in one run.

const pairsTaken = 16

// BenchmarkAgainstTheFloor prints the table. One round is all there is: b.N is
// not used, because a figure here is a ratio and not a time.
func BenchmarkAgainstTheFloor(b *testing.B) {
	g := newGround(b)
	say := anybody(writers)
	g.fills(writers) // nobody meets us for the first time while we measure
	g.rests()
	for _, p := range []*process{g.plain, g.safe, g.floor, g.floor} {
		g.press(p, 2*slice, say) // warm
	}
	same, _, _ := g.pairs(g.floor, g.floor, pairsTaken/2, say)
	row("floor ÷ floor, requests a second (void unless 0.9 to 1.1)", quartiles(same))
	speed, cpu, volume := g.pairs(g.plain, g.floor, pairsTaken, say)
	row("full durable step ÷ floor, requests a second, plain", quartiles(speed))
	row("CPU a message, service and Redis, ÷ floor", quartiles(cpu))
	row("bytes to and from Redis a message ÷ floor", quartiles(volume))
	speed, _, _ = g.pairs(g.safe, g.plain, pairsTaken, say)
	row("safe mode ÷ plain, requests a second", quartiles(speed))

	once := g.press(g.plain, slice, say)
	row("scripted round trips a message, talk cached", fmt.Sprintf("%.3f", float64(once.commands)/float64(once.messages)))
	row("requests a second, for what it is worth", fmt.Sprintf("%.0f", once.perSecond()))
	row("Redis bytes of an idle conversation (the talk)", fmt.Sprintf("%.0f", g.talkSize()))
	row("100 messages at once from one person ÷ floor, time", quartiles(g.bursts(8)))
	row("two processes: decisions that found the talk changed", fmt.Sprintf("%.2f %%", 100*g.conflicts(say)))
	g.rests() // what came faster than that is not part of it
	row("99th percentile at 40 % of saturation ÷ floor", quartiles(g.tails(0.4*once.perSecond(), 8)))

	row("messages accepted = entries = distinct marks = sum of sequences", fmt.Sprintf("%d, of %d people", g.taken.Load(), g.proves()))
	b.ReportMetric(middle(speed), "safe/plain")
}

// row prints one figure.
func row(name, value string) { fmt.Printf("| %-66s | %s\n", name, value) }

// BenchmarkManyConversations compares messages of many people with messages of
// a thousand of them.
func BenchmarkManyConversations(b *testing.B) {
	g := newGround(b)
	many := manyPeople(b)
	g.fills(many)
	g.rests()
	thousand, all := anybody(1000), anybody(many)
	g.press(g.plain, 2*slice, thousand) // warm
	var crowd []float64
	for range pairsTaken {
		crowd = append(crowd, g.press(g.plain, slice, all).perSecond()/g.press(g.plain, slice, thousand).perSecond())
	}
	row(fmt.Sprintf("%d conversations ÷ a thousand, requests a second", many), quartiles(crowd))
	row("messages accepted = entries = distinct marks = sum of sequences", fmt.Sprintf("%d, of %d people", g.taken.Load(), g.proves()))
	b.ReportMetric(middle(crowd), "many/thousand")
}

// manyPeople is how many conversations "many" are: CERTDESK_PEOPLE says. A
// million need 6 GB and half an hour.
func manyPeople(b *testing.B) int {
	text := cmp.Or(os.Getenv("CERTDESK_PEOPLE"), "30000")
	n, err := strconv.Atoi(text)
	if err != nil || n < 1000 || n > 1_000_000 {
		b.Fatalf("CERTDESK_PEOPLE is %q, want a number from a thousand to a million", text)
	}
	return n
}

// talkSize is what one talk takes in Redis, in the middle of a sample.
func (g *ground) talkSize() float64 {
	g.t.Helper()
	ctx := context.WithoutCancel(g.t.Context())
	var sizes []float64
	for at := uint64(0); len(sizes) < 200; {
		keys, next, err := g.redis.Scan(ctx, at, "{p*}:talk:*", 500).Result()
		if err != nil {
			g.t.Fatal(err)
		}
		for _, key := range keys {
			sizes = append(sizes, float64(g.redis.MemoryUsage(ctx, key).Val()))
		}
		if at = next; at == 0 {
			break
		}
	}
	return middle(sizes)
}

// bursts lets one person, who has been met, send a hundred messages at once, over as many
// connections, and compares how long it takes until all are answered.
func (g *ground) bursts(n int) (ratios []float64) {
	g.t.Helper()
	burst := func(p *process) float64 {
		user := "oBurst" + strconv.FormatInt(p.last.Add(1), 10)
		l := make([]*line, 100)
		for i := range l { // connected before
			l[i] = &line{host: p.sender.host}
			g.says(p, l[i], writer(i))
			defer l[i].close()
		}
		g.says(p, l[0], user)
		began := time.Now()
		var all sync.WaitGroup
		for _, one := range l {
			request, err := p.sender.push(user, "帮助", strconv.FormatInt(p.last.Add(1), 10), time.Now())
			if err != nil {
				g.t.Fatal(err)
			}
			all.Go(func() {
				if status, _, err := one.deliver(request); err != nil || status != http.StatusOK {
					g.t.Errorf("%s: a message of a burst was answered with %d, %v", p.name, status, err)
				}
			})
		}
		all.Wait()
		took := time.Since(began).Seconds()
		g.took(p, int64(len(l)))
		return took
	}
	for range n {
		ratios = append(ratios, burst(g.plain)/burst(g.floor))
	}
	return ratios
}

var conflictsLine = regexp.MustCompile(`(?m)^certdesk_conflicts_total (\S+)$`)

// conflicts spreads the same people over two processes, and returns the share of
// decisions that found the talk changed and were made again.
func (g *ground) conflicts(say func() (string, string)) float64 {
	g.t.Helper()
	count := func() (n float64) {
		for _, p := range []*process{g.plain, g.second} {
			r, err := http.NewRequest(http.MethodGet, "http://"+p.sender.host+"/metrics", nil)
			if err != nil {
				g.t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+g.metrics)
			got, err := http.DefaultClient.Do(r)
			if err != nil {
				g.t.Fatal(err)
			}
			text, err := io.ReadAll(got.Body)
			got.Body.Close()
			if err != nil {
				g.t.Fatal(err)
			}
			if m := conflictsLine.FindSubmatch(text); m != nil {
				v, _ := strconv.ParseFloat(string(m[1]), 64)
				n += v
			}
		}
		return n
	}
	before := count()
	var one, other turn
	var both sync.WaitGroup
	both.Go(func() { one = g.press(g.plain, 6*slice, say) })
	both.Go(func() { other = g.press(g.second, 6*slice, say) })
	both.Wait()
	return (count() - before) / float64(one.messages+other.messages)
}

// tails sends at a rate that both can take, and compares the slowest in a
// hundred, from when each was due.
func (g *ground) tails(rate float64, n int) (ratios []float64) {
	g.t.Helper()
	at := func(p *process) float64 {
		c := loadCommand{Users: writers, Rate: rate, For: 2 * time.Second}
		r := c.send(context.WithoutCancel(g.t.Context()), p.sender, []string{"帮助"})
		g.took(p, r.Accepted)
		return float64(r.P99)
	}
	for range n {
		ratios = append(ratios, at(g.plain)/at(g.floor))
	}
	return ratios
}

// unfinished are the sets of talks to be settled and to be archived.
var unfinished = func() (keys []string) {
	for p := range talks.Partitions {
		keys = append(keys, fmt.Sprintf("{p%03d}:todo", p), fmt.Sprintf("{p%03d}:fresh", p))
	}
	return keys
}()

// rests waits until everything that was decided and said is in the ledger.
func (g *ground) rests() {
	g.t.Helper()
	ctx := context.WithoutCancel(g.t.Context())
	for end := time.After(30 * time.Minute); ; {
		left, err := g.redis.Exists(ctx, unfinished...).Result() // not a scan: it would hold up a store of millions
		if err != nil {
			g.t.Fatal(err)
		}
		if left == 0 {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-end:
			g.t.Fatalf("%d sets are not settled or archived", left)
		}
	}
}

// says sends one message and waits for its answer.
func (g *ground) says(p *process, l *line, user string) {
	g.t.Helper()
	request, err := p.sender.push(user, "帮助", strconv.FormatInt(p.last.Add(1), 10), time.Now())
	if err != nil {
		g.t.Error(err)
		return
	}
	if status, _, err := l.deliver(request); err != nil || status != http.StatusOK {
		g.t.Errorf("%s: %d, %v", p.name, status, err)
		return
	}
	g.took(p, 1)
}

// fills lets this many people write once.
func (g *ground) fills(people int) {
	g.t.Helper()
	var all sync.WaitGroup
	next := make(chan int, phones)
	for range phones {
		all.Go(func() {
			l := &line{host: g.plain.sender.host}
			defer l.close()
			for i := range next {
				g.says(g.plain, l, writer(i))
			}
		})
	}
	for i := range people {
		next <- i
	}
	close(next)
	all.Wait()
}
