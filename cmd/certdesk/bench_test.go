package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/redis/go-redis/v9"

	"certdesk/deploy/world"
	"certdesk/server/desk"
	"certdesk/server/ledger/ledgertest"
	"certdesk/server/sealed"
	"certdesk/server/talks"
	"certdesk/server/talks/redistest"
)

// The service against its floor: a bare Fiber handler that does the same
// durable work with one script, on the same Redis, in turns of half a second.
// Only the ratios mean anything: the machine is shared and drifts. "make bench"
// runs it; CI runs one short turn, to see that it works.

const (
	slice    = 500 * time.Millisecond
	phones   = 48     // connections at a time
	writers  = 10_000 // people: few enough messages from each to be no flood
	userHZ   = 100    // ticks of a process's times in a second
	floorAge = 10 * time.Minute
)

func TestMain(m *testing.M) {
	if address := os.Getenv("CERTDESK_FLOOR"); address != "" {
		floor(address, os.Getenv("CERTDESK_FLOOR_REDIS"))
		return
	}
	ended := ledgertest.Main(m)
	_ = os.RemoveAll(binaries)
	os.Exit(ended)
}

// binaries is where the commands are that tests have built.
var binaries = filepath.Join(os.TempDir(), fmt.Sprintf("certdesk-binaries-%d", os.Getpid()))

var build = map[string]func() error{"certdesk": buildOnce("."), "ukeyagent": buildOnce("../ukeyagent")}

func buildOnce(from string) func() error {
	return sync.OnceValue(func() error {
		if err := os.MkdirAll(binaries, 0o700); err != nil {
			return err
		}
		if out, err := exec.Command("go", "build", "-o", binaries, from).CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", from, err, out)
		}
		return nil
	})
}

// built is a command, built once for all tests.
func built(t testing.TB, name string) string {
	t.Helper()
	if err := build[name](); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(binaries, name)
}

// floorScript does what the commit of a decision does, and decides nothing: it
// reads the state and writes it back, adds two lines, and keeps the answer.
const floorScript = `
if redis.call('GET', KEYS[2]) then return 1 end
redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 200, '*', 'l', ARGV[5])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', 200, '*', 'l', ARGV[5])
return 0`

// floor serves until it is ended.
func floor(address, redisAddress string) {
	client := redis.NewClient(&redis.Options{Addr: redisAddress})
	script := redis.NewScript(floorScript)
	state, answer, said := strings.Repeat("s", 700), strings.Repeat("a", 400), strings.Repeat("l", 150)
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Post("/wechat", func(c *fiber.Ctx) error {
		who, id := strings.Clone(c.Query("openid")), strings.Clone(c.Query("nonce"))
		keys := []string{"{f}floor:" + who, "{f}floor:done:" + id, "{f}floor:lines:" + who}
		err := script.Run(context.Background(), client, keys, state, 2592000000, answer, floorAge.Milliseconds(), said).Err()
		if err != nil {
			return err
		}
		return c.SendString("<xml>" + answer + "</xml>")
	})
	if err := app.Listen(address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// process is one program under load.
type process struct {
	name   string
	pid    int
	sender *sender
	users  int
	last   *atomic.Int64
}

// ground is everything that is measured, and what it stands on.
type ground struct {
	t       testing.TB
	redis   *redis.Client
	redisID int // its process
	plain   *process
	second  *process // the same, as another process
	safe    *process
	floor   *process
	keys    *sealed.Keys
	metrics string
	env     map[string]string
	binary  string
	taken   atomic.Int64 // messages that the service has accepted
}

func newGround(t testing.TB) *ground {
	t.Helper()
	g := &ground{t: t, metrics: "bench"}
	address := redistest.Single(t, "--appendonly", "yes", "--appendfsync", "everysec", "--stream-node-max-bytes", "512")
	g.redis = redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { g.redis.Close() })
	g.redisID, _ = strconv.Atoi(g.info("server", "process_id"))
	g.binary = built(t, "certdesk")
	g.city()
	g.env["CERTDESK_REDIS_URL"] = "redis://" + address + "/0"
	g.env["CERTDESK_DATABASE_URL"] = ledgertest.Database(t, "bench", func(string) error { return nil })
	g.env["CERTDESK_SECRET_KEYS"] = sealed.NewKeys()
	g.env["CERTDESK_METRICS_TOKEN"], g.env["CERTDESK_FLOOD_BURST"] = g.metrics, "100000"
	g.env["CERTDESK_TRACES_URL"] = "http://127.0.0.1:1/v1/traces" // traced as in production; the collector is away
	var err error
	if g.keys, err = sealed.ParseKeys(g.env["CERTDESK_SECRET_KEYS"]); err != nil {
		t.Fatal(err)
	}
	last := &atomic.Int64{}
	last.Store(time.Now().UnixNano())
	g.plain = g.serve("plain", "plain", last)
	g.second = g.serve("second", "plain", last)
	g.safe = g.serve("safe", "safe", last)
	at := freeAddress(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "CERTDESK_FLOOR="+at, "CERTDESK_FLOOR_REDIS="+address)
	g.floor = g.start("floor", child, at, "plain", last)
	return g
}

// city stands in for the partners.
func (g *ground) city() {
	g.t.Helper()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		g.t.Fatal(err)
	}
	city, err := world.New(world.Config{Listen: front.Addr().String(), Service: "http://127.0.0.1:1", Dir: filepath.Join(g.t.TempDir(), "world"), Hurry: 1})
	if err != nil {
		g.t.Fatal(err)
	}
	streets := &httptest.Server{Listener: front, Config: &http.Server{Handler: city.Handler(), ReadHeaderTimeout: time.Second}}
	streets.Start()
	ctx, end := context.WithCancel(context.WithoutCancel(g.t.Context()))
	var alive sync.WaitGroup
	alive.Go(func() { _ = city.Run(ctx) })
	g.t.Cleanup(func() { end(); streets.Close(); alive.Wait() })
	g.env = city.Env()
}

func (g *ground) serve(name, mode string, last *atomic.Int64) *process {
	g.t.Helper()
	at := freeAddress(g.t)
	child := exec.Command(g.binary, "serve")
	child.Env = os.Environ()
	for key, value := range g.env {
		child.Env = append(child.Env, key+"="+value)
	}
	child.Env = append(child.Env, "CERTDESK_LISTEN="+at, "CERTDESK_PUBLIC_URL=http://"+at, "CERTDESK_WECHAT_MODE="+mode)
	return g.start(name, child, at, mode, last)
}

// start runs a child until the test ends, and waits until it listens.
func (g *ground) start(name string, child *exec.Cmd, at, mode string, last *atomic.Int64) *process {
	g.t.Helper()
	said := &bytes.Buffer{}
	child.Stdout, child.Stderr = said, said
	if err := child.Start(); err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() {
		_ = child.Process.Kill()
		_ = child.Wait()
		if g.t.Failed() {
			g.t.Logf("%s said:\n%s", name, tail(said.Bytes(), 2000))
		}
	})
	for end := time.After(20 * time.Second); ; {
		conn, err := net.Dial("tcp", at)
		if err == nil {
			conn.Close()
			break
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-end:
			g.t.Fatalf("%s does not listen", name)
		}
	}
	s, err := newSender("http://"+at, mode, func(key string) string { return g.env[key] })
	if err != nil {
		g.t.Fatal(err)
	}
	return &process{name: name, pid: child.Process.Pid, sender: s, users: writers, last: last}
}

// turn is what one slice gave.
type turn struct {
	messages int64
	seconds  float64
	cpu      float64 // seconds, of the program and of Redis together
	commands int64
	bytes    int64 // to Redis and back
}

func (r turn) perSecond() float64 { return float64(r.messages) / r.seconds }
func (r turn) each() float64      { return r.cpu / float64(r.messages) }

// writes makes pushes before they are measured: sealing them is not the
// service's work.
func (g *ground) writes(p *process, n int, say func() (user, text string)) [][]byte {
	g.t.Helper()
	pushes := make([][]byte, n)
	for i := range pushes {
		user, text := say()
		var err error
		if pushes[i], err = p.sender.push(user, text, strconv.FormatInt(p.last.Add(1), 10), time.Now()); err != nil {
			g.t.Fatal(err)
		}
	}
	return pushes
}

// fastest is how soon, at the soonest, one connection sends the next message.
const fastest = 4 * time.Millisecond

// press sends as fast as the connections allow, for one slice, and counts what
// was accepted.
func (g *ground) press(p *process, during time.Duration, say func() (user, text string)) turn {
	g.t.Helper()
	var accepted, wrong atomic.Int64
	pushes := make([][][]byte, phones)
	for i := range pushes {
		pushes[i] = g.writes(p, int(during/fastest), say)
	}
	before, commands, volume := g.cpu(p), g.commands(), g.volume()
	began := time.Now()
	var all sync.WaitGroup
	for _, mine := range pushes {
		all.Go(func() {
			l := &line{host: p.sender.host}
			defer l.close()
			for _, request := range mine {
				if time.Since(began) > during {
					return
				}
				if status, body, err := l.deliver(request); err != nil || status != 200 || !bytes.HasPrefix(body, []byte("<xml>")) {
					wrong.Add(1)
					continue
				}
				accepted.Add(1)
			}
		})
	}
	all.Wait()
	g.took(p, accepted.Load())
	r := turn{messages: accepted.Load(), seconds: time.Since(began).Seconds(), cpu: g.cpu(p) - before, commands: g.commands() - commands, bytes: g.volume() - volume}
	if wrong.Load() > 0 || r.messages == 0 {
		g.t.Errorf("%s: %d messages were accepted and %d were not", p.name, r.messages, wrong.Load())
	}
	return r
}

// anybody asks for help: the text that is decided and stored, and moves nothing.
func anybody(users int) func() (string, string) {
	return func() (string, string) { return writer(rand.IntN(users)), "帮助" }
}

// cpu is how many seconds a program and Redis have computed.
func (g *ground) cpu(p *process) float64 {
	g.t.Helper()
	total := 0.0
	for _, pid := range []int{p.pid, g.redisID} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			g.t.Fatal(err)
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+2:]))
		user, _ := strconv.ParseFloat(fields[11], 64)
		system, _ := strconv.ParseFloat(fields[12], 64)
		total += (user + system) / userHZ
	}
	return total
}

func (g *ground) info(section, name string) string {
	g.t.Helper()
	text, err := g.redis.Info(context.WithoutCancel(g.t.Context()), section).Result()
	if err != nil {
		g.t.Fatal(err)
	}
	for l := bufio.NewScanner(strings.NewReader(text)); l.Scan(); {
		if value, ok := strings.CutPrefix(l.Text(), name+":"); ok {
			return value
		}
	}
	return ""
}

func (g *ground) commands() int64 {
	calls := regexp.MustCompile(`calls=(\d+)`).FindStringSubmatch(g.info("commandstats", "cmdstat_evalsha"))
	if calls == nil {
		return 0
	}
	n, _ := strconv.ParseInt(calls[1], 10, 64)
	return n
}

func (g *ground) volume() int64 {
	in, _ := strconv.ParseInt(g.info("stats", "total_net_input_bytes"), 10, 64)
	out, _ := strconv.ParseInt(g.info("stats", "total_net_output_bytes"), 10, 64)
	return in + out
}

// quartiles prints a sample as its middle and its quarters.
func quartiles(sample []float64) string {
	slices.Sort(sample)
	at := func(share float64) float64 { return sample[int(share*float64(len(sample)-1)+.5)] }
	return fmt.Sprintf("%.2f  (%.2f to %.2f)", at(.5), at(.25), at(.75))
}

func middle(sample []float64) float64 {
	slices.Sort(sample)
	return sample[len(sample)/2]
}

// pairs presses two programs in turn, and returns the ratios of each pair.
func (g *ground) pairs(target, base *process, n int, say func() (string, string)) (speed, cpu, volume []float64) {
	g.t.Helper()
	for range n {
		a, b := g.press(target, slice, say), g.press(base, slice, say)
		speed = append(speed, a.perSecond()/b.perSecond())
		cpu = append(cpu, a.each()/b.each())
		volume = append(volume, float64(a.bytes)/float64(a.messages)*float64(b.messages)/float64(b.bytes))
	}
	return speed, cpu, volume
}

// took counts what the service has accepted, so that it can be proved.
func (g *ground) took(p *process, messages int64) {
	if p != g.floor {
		g.taken.Add(messages)
	}
}

// TestTheBenchWorks presses each program for a moment and proves that nothing is
// lost.
func TestTheBenchWorks(t *testing.T) {
	if testing.Short() {
		t.Skip("starts four programs; left out with -short")
	}
	g := newGround(t)
	say := anybody(200)
	for _, p := range []*process{g.plain, g.second, g.safe, g.floor} {
		g.press(p, slice/2, say)
	}
	g.proves()
}

// proves compares what was accepted with what the stores hold: transcript
// entries, their distinct names, and the sums of the talks' sequences. It
// returns how many talks there are.
func (g *ground) proves() (people int) {
	g.t.Helper()
	ctx := context.WithoutCancel(g.t.Context())
	store, err := talks.Open(ctx, g.redis, g.keys, talks.Defaults)
	if err != nil {
		g.t.Fatal(err)
	}
	var entries, sequence int64
	marks := map[string]bool{}
	for keys := g.redis.Scan(ctx, 0, "{p*}:talk:*", 1000).Iterator(); keys.Next(ctx); people++ {
		_, name, _ := strings.Cut(keys.Val(), ":talk:")
		id := desk.TalkID(name)
		talk, err := store.Load(ctx, id)
		if err != nil {
			g.t.Fatal(err)
		}
		sequence += talk.Case.Seq
		said, _, err := store.Lines(ctx, id, "")
		if err != nil {
			g.t.Fatal(err)
		}
		for _, l := range said {
			if l.Who == desk.WhoApplicant {
				entries++
				marks[l.ID] = true
			}
		}
	}
	if taken := g.taken.Load(); taken == 0 || entries != taken || int64(len(marks)) != taken || sequence != taken {
		g.t.Errorf("%d messages were accepted; the transcripts have %d, %d of them distinct; the talks decided %d", taken, entries, len(marks), sequence)
	}
	return people
}
