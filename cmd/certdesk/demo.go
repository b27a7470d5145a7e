package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"certdesk/deploy"
	"certdesk/deploy/world"
	"certdesk/flows"
	"certdesk/server"
	"certdesk/server/sealed"
)

// The demo: the service with everything embedded, and a world around it that
// speaks the partners' own protocols.

type demoCommand struct {
	Listen string `default:"127.0.0.1:8080" help:"Address of the service."`
	World  string `default:"127.0.0.1:8090" help:"Address of the world."`
	Data   string `help:"Directory to keep everything in; a fresh one when empty. Started again on the same one, the demo goes on where it was." type:"path"`
	Hurry  int    `default:"1" help:"Divide every deadline, poll and reminder by this, in the service and in the world alike."`
}

const (
	demoStaff    = "desk"
	demoAgent    = "agent"
	demoPassword = "CERTDESK_DEMO_STAFF_PASSWORD"
	secretKeys   = "CERTDESK_SECRET_KEYS"
)

// Run starts the world, then the service, and prints where to look.
func (d demoCommand) Run(ctx context.Context) (err error) {
	if d.Data == "" {
		if d.Data, err = os.MkdirTemp("", "certdesk-demo-"); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(d.Data, "world"), 0o700); err != nil {
		return err
	}
	log, done, err := d.logger()
	if err != nil {
		return err
	}
	defer done()
	city, err := world.New(world.Config{
		Listen: d.World, Service: "http://" + d.Listen, Dir: filepath.Join(d.Data, "world"), Hurry: d.Hurry, Now: time.Now, Log: log,
	})
	if err != nil {
		return err
	}
	env, err := d.env(city)
	if err != nil {
		return err
	}
	return d.live(ctx, city, env, log)
}

// logger writes to a file, because the terminal is for the person.
func (d demoCommand) logger() (*slog.Logger, func(), error) {
	f, err := os.OpenFile(filepath.Join(d.Data, "demo.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewJSONHandler(f, nil)), func() { f.Close() }, nil
}

// env gathers every credential of the demo and writes them to demo.env, so
// that any other program can play a partner against the service. Keys and
// passwords made before are kept.
func (d demoCommand) env(city *world.World) (map[string]string, error) {
	name := filepath.Join(d.Data, "demo.env")
	values := city.Env()
	values["CERTDESK_LISTEN"] = d.Listen
	values["CERTDESK_PUBLIC_URL"] = "http://" + d.Listen
	values["CERTDESK_DATA_DIR"] = d.Data
	values[secretKeys] = sealed.NewKeys()
	values[demoPassword] = rand.Text()[:10] + "7x"
	before, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for line := range strings.Lines(string(before)) {
		if key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key == secretKeys || key == demoPassword {
			values[key] = value
		}
	}
	return values, os.WriteFile(name, []byte(strings.Join(lines(values), "\n")+"\n"), 0o600)
}

func lines(env map[string]string) []string {
	all := make([]string, 0, len(env))
	for key, value := range env {
		all = append(all, key+"="+value)
	}
	slices.Sort(all)
	return all
}

// live runs the world for as long as the service, and a little longer, so that
// what the service still says while it stops is heard.
func (d demoCommand) live(ctx context.Context, city *world.World, env map[string]string, log *slog.Logger) error {
	listener, err := net.Listen("tcp", d.World)
	if err != nil {
		return fmt.Errorf("the world cannot listen: %w; choose another address with --world", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	web := &http.Server{Handler: city.Handler(), ReadHeaderTimeout: 10 * time.Second}
	var parts sync.WaitGroup
	var broken error
	parts.Go(func() {
		if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			stop()
		}
	})
	parts.Go(func() {
		if broken = city.Run(alive); broken != nil {
			stop()
		}
	})
	err = d.serve(ctx, env, log)
	end()
	err = errors.Join(err, web.Close()) // the page's open streams would never end by themselves
	parts.Wait()
	return errors.Join(err, broken)
}

func (d demoCommand) serve(ctx context.Context, env map[string]string, log *slog.Logger) error {
	cfg, err := server.ConfigFrom(lines(env))
	if err != nil {
		return err
	}
	cfg.Embedded, cfg.Hurry, cfg.Frame = true, d.Hurry, "http://"+d.World
	service, err := server.New(ctx, cfg, log)
	if err != nil {
		return err
	}
	for _, who := range []struct {
		name, display string
		role          server.Role
	}{{demoStaff, "小周", server.RoleSupervisor}, {demoAgent, "小吴", server.RoleAgent}} {
		err := service.AddStaff(ctx, who.name, who.display, who.role, flows.Conceal(env[demoPassword]))
		if err != nil && !errors.Is(err, server.ErrNameTaken) {
			return errors.Join(err, service.Close())
		}
	}
	if _, _, err := service.ImportBranches(ctx, bytes.NewReader(deploy.SampleBranches), "demo"); err != nil {
		return errors.Join(err, service.Close())
	}
	fmt.Printf(`certdesk demo is running. Three places to look at:

  http://%s/          the world: WeChat, Alipay, bank, courier, SMS, and a PC with a UKey.
                                  Follow the account on the WeChat phone and answer it.
  http://%s/console/  the agents' desk. Sign in as %s with %s
                                  and take over a conversation in which somebody says 人工.
                                  Papers that are sent in want a second person: %s, with the same password.
  http://%s/readyz    the service itself. %s has every credential.

Everything is kept in %s; start again with --data to go on there. Ctrl-C stops.
`, d.World, d.Listen, demoStaff, env[demoPassword], demoAgent, d.Listen, filepath.Join(d.Data, "demo.env"), d.Data)
	return service.Run(ctx)
}
