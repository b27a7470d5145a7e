package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"certdesk/server"
	"certdesk/server/sealed"
)

// The doctor says of each thing the service needs whether it is there, and
// what to do when it is not.

type doctorCommand struct {
	Keys    bool `help:"Print a fresh value for CERTDESK_SECRET_KEYS and stop."`
	Example bool `help:"Print deploy/env.example and stop."`
	Ledger  bool `help:"Open every sealed value of the ledger with the keys, change nothing, and stop: for a backup that was restored."`
}

// Run checks everything, however much is missing.
func (d doctorCommand) Run(ctx context.Context) error {
	switch {
	case d.Keys:
		fmt.Println(sealed.NewKeys())
		return nil
	case d.Example:
		fmt.Print(server.Example())
		return nil
	case d.Ledger:
		return readLedger(ctx)
	}
	cfg, err := server.ConfigFrom(os.Environ())
	failed := diagnose("configuration", err, "set the variables named above; deploy/env.example explains each")
	if err != nil {
		return errors.New("the configuration has mistakes")
	}
	for _, at := range []struct{ name, address string }{
		{"Redis", cfg.RedisURL.Reveal()}, {"ledger", cfg.DatabaseURL.Reveal()}, {"WeChat", cfg.WeChat.APIURL}, {"Alipay", cfg.Alipay.GatewayURL},
		{"courier", cfg.SF.URL}, {"SMS", cfg.SMS.Endpoint}, {"certificate authority", cfg.CA.URL}, {"bank", cfg.Bank.URL},
	} {
		if at.address != "" && !local(at.address) {
			failed = diagnose(at.name, reach(ctx, at.address), "check the address and the firewall") || failed
		}
	}
	if !cfg.RedisURL.IsZero() {
		failed = diagnose("how Redis is set up", server.InspectRedis(ctx, cfg.RedisURL), "deploy/redis.conf is what it should look like") || failed
	}
	cfg.Embedded = cfg.RedisURL.IsZero() || cfg.DatabaseURL.IsZero()
	service, err := server.New(ctx, cfg, logger(slog.LevelError))
	failed = diagnose("keys, certificates, manual and stores", err, "the message names the file or the store") || failed
	if err == nil {
		err = service.Close()
	}
	if failed {
		return errors.Join(errors.New("something is missing"), err)
	}
	return err
}

// readLedger needs the ledger's address and the keys only; whatever else is
// wrong with the configuration does not matter here.
func readLedger(ctx context.Context) error {
	cfg, _ := server.ConfigFrom(os.Environ())
	cfg.Embedded = cfg.DatabaseURL.IsZero()
	opened, unreadable, err := server.VerifyLedger(ctx, cfg)
	for _, value := range unreadable {
		fmt.Println("MISSING", value)
	}
	if err == nil && len(unreadable) > 0 {
		err = errors.New("sealed values do not open: a key is missing, or they are damaged")
	}
	if err != nil {
		return err
	}
	all := 0
	for _, n := range opened {
		all += n
	}
	fmt.Printf("ok      ledger: %d sealed values of %d columns open\n", all, len(opened))
	return nil
}

// local reports whether an address is a file or a socket, which is opened with
// the stores.
func local(address string) bool {
	return strings.HasPrefix(address, "sqlite:") || strings.HasPrefix(address, "postgres:///")
}

func diagnose(what string, err error, advice string) (failed bool) {
	if err == nil {
		fmt.Println("ok     ", what)
		return false
	}
	fmt.Printf("MISSING %s: %v\n        %s\n", what, err, advice)
	return true
}

var usualPorts = map[string]string{"http": "80", "https": "443", "redis": "6379", "rediss": "6379", "redis+sentinel": "26379", "redis+cluster": "6379", "postgres": "5432", "": "443"}

// reach opens and closes a connection to whatever an address names: a URL, a
// host with a port, or a bare host.
func reach(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		u = &url.URL{Host: address}
	}
	port := u.Port()
	if port == "" {
		port = usualPorts[u.Scheme]
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return err
	}
	return conn.Close()
}
