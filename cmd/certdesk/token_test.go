package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A token of SoftHSM2's for the real tool, and what other people's tools find
// in it.

func softhsm(t *testing.T) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/*/softhsm/libsofthsm2.so")
	if more, _ := filepath.Glob("/usr/lib/softhsm/libsofthsm2.so"); len(found) == 0 {
		found = more
	}
	for _, tool := range []string{"softhsm2-util", "pkcs11-tool", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil || len(found) == 0 {
			t.Skip("softhsm2, opensc or openssl is absent: apt-get install softhsm2 opensc openssl")
		}
	}
	return found[0]
}

func makeToken(t *testing.T, dir, label string) string {
	t.Helper()
	conf := filepath.Join(dir, "softhsm2.conf")
	tokens := filepath.Join(dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		t.Fatal(err)
	}
	text := "directories.tokendir = " + tokens + "\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = true\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", "111111")
	cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+conf)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("softhsm2-util: %v\n%s", err, out)
	}
	return conf
}

// checkToken asks pkcs11-tool and openssl: two key pairs, two certificates that
// lead to the authority, and only the signing key born in the token.
func (a *applicant) checkToken(dir, conf, module, label string) {
	a.t.Helper()
	run := func(name string, args ...string) string {
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+conf)
		out, err := cmd.CombinedOutput()
		if err != nil {
			a.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	objects := run("pkcs11-tool", "--module", module, "--token-label", label, "--login", "--pin", "111111", "-O")
	for what, want := range map[string]int{"Private Key Object": 2, "Certificate Object": 2, "never extractable, local": 1} {
		if got := strings.Count(objects, what); got != want {
			a.t.Errorf("the token holds %d of %q, want %d\n%s", got, what, want, objects)
		}
	}
	root := a.rootOf()
	ids := regexp.MustCompile(`Certificate Object[^\n]*\n(?:[^\n]*\n)*?\s+ID:\s+([0-9a-f]+)`).FindAllStringSubmatch(objects, -1)
	for i, id := range ids {
		der := filepath.Join(dir, fmt.Sprintf("cert%d.der", i))
		run("pkcs11-tool", "--module", module, "--token-label", label, "-r", "-y", "cert", "--id", id[1], "-o", der)
		pem := filepath.Join(dir, fmt.Sprintf("cert%d.pem", i))
		run("openssl", "x509", "-inform", "DER", "-in", der, "-out", pem)
		chain := a.chain(dir)
		run("openssl", "verify", "-CAfile", root, "-untrusted", chain, pem)
	}
	if len(ids) != 2 {
		a.t.Errorf("pkcs11-tool lists %d certificates by id, want 2\n%s", len(ids), objects)
	}
}

// rootOf is the authority's root certificate, as demo.env names it.
func (a *applicant) rootOf() string {
	a.t.Helper()
	env, err := os.ReadFile(filepath.Join(a.data, "demo.env"))
	if err != nil {
		a.t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^CERTDESK_CA_ROOT_FILE=(.*)$`).FindSubmatch(env)
	if m == nil {
		a.t.Fatal("demo.env does not name the root")
	}
	return string(m[1])
}

// chain asks the service for the authority's certificates in between.
func (a *applicant) chain(dir string) string {
	a.t.Helper()
	r, err := http.Get("http://" + a.service + "/ca/chain")
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Body.Close()
	name := filepath.Join(dir, "chain.pem")
	f, err := os.Create(name)
	if err != nil {
		a.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.ReadFrom(r.Body); err != nil {
		a.t.Fatal(err)
	}
	return name
}
