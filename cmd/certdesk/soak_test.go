package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"certdesk/deploy/world"
	"certdesk/server/ledger/ledgertest"
	"certdesk/server/sealed"
	"certdesk/server/talks/redistest"
)

// The crash soak: three processes of the service behind a plain balancer, a
// crowd of applicants who want their key, and machines that fail all the while.
// When it is quiet again, nothing may be missing and nothing may be there
// twice. CERTDESK_SOAK says how long machines fail. It ends everything that it
// started.

const (
	processes   = 3
	failEvery   = 2500 * time.Millisecond
	quietTime   = 7 * time.Minute // in which everything owed must get done; the city's hour, with which codes are limited, has six
	crowdAtMost = 600             // the city writes whole books at each change
)

// soak is the service, its city and its failing machines.
type soak struct {
	t        *testing.T
	binary   string
	env      []string
	address  [processes]string
	process  [processes]*exec.Cmd
	redis    *redistest.Durable
	postgres *ledgertest.Server
	ledger   string // its address
	original string // name of the official account
	keys     string
	front    string // where the balancer listens
	agent    string // the tool of an applicant's PC
	module   string // driver of its UKeys
	city     string
	log      *os.File

	kills, stops, redisDown, ledgerDown, faults, activated int
	turn                                                   atomic.Int64
}

func TestSoak(t *testing.T) {
	text := os.Getenv("CERTDESK_SOAK")
	if text == "" {
		t.Skip("kills processes for as long as CERTDESK_SOAK says: make soak")
	}
	during, err := time.ParseDuration(text)
	if err != nil || during > 2*time.Hour {
		t.Fatalf("CERTDESK_SOAK is %q, want a time of at most two hours", text)
	}
	s := newSoak(t, min(60+int(during/time.Second), crowdAtMost))
	ctx, cancel := context.WithTimeout(t.Context(), during+quietTime)
	defer cancel()
	crowd := s.crowd(during)
	var all sync.WaitGroup
	for _, who := range crowd {
		all.Go(func() { who.journey(ctx) })
	}
	carried := make(chan struct{})
	go func() { s.carries(ctx); close(carried) }()
	s.fail(during)
	all.Wait()
	cancel()
	<-carried
	s.judge(crowd)
}

func newSoak(t *testing.T, people int) *soak {
	t.Helper()
	s := &soak{t: t, redis: redistest.Durably(t), binary: built(t, "certdesk"), agent: built(t, "ukeyagent"), keys: sealed.NewKeys(), module: softhsm(t)}
	var err error
	s.postgres, err = ledgertest.Start()
	if err != nil { // also when it is absent: somebody asked for the soak
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.postgres.Close() })
	if err := s.postgres.Create(t.Context(), "soak", "template1"); err != nil {
		t.Fatal(err)
	}
	s.ledger = s.postgres.DSN("soak")
	if s.log, err = os.Create(filepath.Join(t.TempDir(), "log")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.log.Close() })
	s.balance()
	env := s.settle(people)
	s.original = env["CERTDESK_WECHAT_ORIGINAL_ID"]
	env["CERTDESK_PUBLIC_URL"], env["CERTDESK_SECRET_KEYS"] = s.front, s.keys
	env["CERTDESK_REDIS_URL"], env["CERTDESK_DATABASE_URL"] = "redis://"+s.redis.Address+"/0?dial_timeout=1s&read_timeout=1s", s.ledger
	s.env = append(os.Environ(), lines(env)...)
	for i := range processes {
		s.address[i] = freeAddress(t)
		s.start(i)
		if i == 0 {
			s.listens(0) // which makes the tables
		}
	}
	t.Cleanup(func() {
		for _, p := range s.process {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	return s
}

// balance spreads requests over the processes, and tries the next one when a
// process does not listen.
func (s *soak) balance() {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", r.In.Host },
		Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (conn net.Conn, err error) {
			for range processes {
				to := s.address[s.turn.Add(1)%processes]
				if conn, err = new(net.Dialer).DialContext(ctx, network, to); err == nil {
					return conn, nil
				}
			}
			return nil, err
		}, DisableKeepAlives: true},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	front := httptest.NewServer(proxy)
	s.t.Cleanup(front.Close)
	s.front = front.URL
}

// settle builds the city.
func (s *soak) settle(people int) map[string]string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	city, err := world.New(world.Config{
		Listen: listener.Addr().String(), Service: s.front, Dir: filepath.Join(s.t.TempDir(), "world"), Hurry: 10, Crowd: people,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	streets := &httptest.Server{Listener: listener, Config: &http.Server{Handler: city.Handler(), ReadHeaderTimeout: time.Second}}
	streets.Start()
	ctx, end := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var alive sync.WaitGroup
	alive.Go(func() { _ = city.Run(ctx) })
	s.t.Cleanup(func() { end(); streets.Close(); alive.Wait() })
	s.city = "http://" + listener.Addr().String()
	return city.Env()
}

func (s *soak) start(i int) {
	s.process[i] = exec.Command(s.binary, "serve")
	s.process[i].Env = append(s.env, "CERTDESK_LISTEN="+s.address[i])
	s.process[i].Stdout, s.process[i].Stderr = s.log, s.log
	if err := s.process[i].Start(); err != nil {
		s.t.Fatal(err)
	}
}

// listens waits until a process serves.
func (s *soak) listens(i int) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(30 * time.Second); ; {
		conn, err := net.Dial("tcp", s.address[i])
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-end:
			s.t.Fatalf("process %d does not listen\n%s", i, s.logged())
		}
	}
}

func (s *soak) logged() []byte {
	text, _ := os.ReadFile(s.log.Name())
	return tail(text, 4000)
}

// fail lets machines and partners fail for a while.
func (s *soak) fail(during time.Duration) {
	end, tick := time.After(during), time.NewTicker(failEvery)
	defer tick.Stop()
	for round := 1; ; round++ {
		select {
		case <-end:
			for i := range s.process { // whatever died by itself is started by its supervisor
				s.listens(i)
			}
			return
		case <-tick.C:
		}
		s.faulty()
		switch {
		case round%5 == 2:
			s.redisDown++
			s.redis.Restart(s.t)
		case round%5 == 4:
			s.ledgerDown++
			if err := s.postgres.Kill(); err != nil {
				s.t.Fatal(err)
			}
			if err := s.postgres.Run(); err != nil {
				s.t.Fatal(err)
			}
		default:
			s.replace(rand.IntN(processes), round%5 == 0)
		}
	}
}

// replace ends a process, in order or at once, and starts it again.
func (s *soak) replace(i int, inOrder bool) {
	how := syscall.SIGKILL
	s.kills++
	if inOrder {
		how = syscall.SIGTERM
		s.kills--
		s.stops++
	}
	_ = s.process[i].Process.Signal(how)
	_ = s.process[i].Wait()
	s.start(i)
}

// carries moves every parcel on, until time is up.
func (s *soak) carries(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var orders []struct {
			Number string
			Routes []struct{ Code string }
		}
		_ = s.ask("GET", s.city+"/world/courier/orders", nil, &orders)
		for _, o := range orders {
			if len(o.Routes) == 0 || o.Routes[len(o.Routes)-1].Code != "80" {
				_ = s.ask("POST", s.city+"/world/courier/advance", map[string]string{"order": o.Number}, nil) // tried again
			}
		}
	}
}

// faulty lets one partner misbehave a few times.
func (s *soak) faulty() {
	all := []struct{ partner, fault string }{
		{"wechat", "duplicate"}, {"wechat", "reorder"}, {"wechat", "drop"}, {"wechat", "delay"}, {"wechat", "500"}, {"wechat", "busy"}, {"wechat", "stale-token"},
		{"alipay", "duplicate"}, {"alipay", "drop"}, {"alipay", "500"}, {"alipay", "timeout"}, {"alipay", "system-error"}, {"alipay", "reorder"},
		{"sms", "500"}, {"courier", "500"}, {"courier", "timeout"},
	}
	f := all[rand.IntN(len(all))]
	if err := s.ask("POST", s.city+"/world/faults", map[string]any{"partner": f.partner, "fault": f.fault, "times": 2}, nil); err == nil {
		s.faults++
	}
}

var citizen = &http.Client{Timeout: 10 * time.Second}

// ask sends JSON to the city and reads JSON from it.
func (s *soak) ask(method, address string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return exchange(citizen, method, address, string(text), answer)
}

// crowd reads who lives in the city, without the few of the demo. They come one
// after the other while machines fail; some are companies, and some activate
// their UKey.
func (s *soak) crowd(during time.Duration) []*pilgrim {
	s.t.Helper()
	var people []resident
	if err := s.ask("GET", s.city+"/world/people", nil, &people); err != nil {
		s.t.Fatal(err)
	}
	people = people[5:]
	all := make([]*pilgrim, len(people))
	for i, who := range people {
		jar, _ := cookiejar.New(nil)
		all[i] = &pilgrim{
			soak: s, resident: who, kind: forAPerson, comes: during * time.Duration(i) / time.Duration(len(people)),
			browser: &http.Client{Jar: jar, Timeout: 10 * time.Second},
		}
		if i%3 == 0 {
			all[i].kind = forACompany
		}
		if i%8 == 0 {
			all[i].token = makeToken(s.t, s.t.TempDir(), "UKEY-"+who.OpenID)
		}
	}
	return all
}

// at makes a path of the city.
func (s *soak) at(path string, parts ...any) string {
	for i, p := range parts {
		if text, ok := p.(string); ok {
			parts[i] = url.PathEscape(text)
		}
	}
	return s.city + fmt.Sprintf(path, parts...)
}
