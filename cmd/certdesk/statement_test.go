package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// bringsItsStatement downloads the bank's statement and imports it as an
// operator does, while the service runs. The feed has shown every line of it.
func (d *demo) bringsItsStatement() {
	d.t.Helper()
	env, err := os.ReadFile(filepath.Join(d.data, "demo.env"))
	if err != nil {
		d.t.Fatal(err)
	}
	value := func(key string) string {
		return string(regexp.MustCompile(`(?m)^CERTDESK_BANK_` + key + `=(.*)$`).FindSubmatch(env)[1])
	}
	query := url.Values{"account": {value("ACCOUNT")}, "from": {time.Now().Add(-time.Hour).Format(time.RFC3339)}}
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, value("URL")+"?"+query.Encode(), nil)
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+value("TOKEN"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	file := filepath.Join(d.t.TempDir(), "statement.xml")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		d.t.Fatal(err)
	}
	statement := exec.CommandContext(d.t.Context(), d.binary, "statement", "import", "--by", "test", file)
	statement.Env = append(os.Environ(), strings.Fields(string(env))...)
	said, err := statement.CombinedOutput()
	if err != nil || !regexp.MustCompile(`^0 matched, 0 told as wrong, 0 for a person to decide, 0 for nobody, [1-9][0-9]* known before, 0 contradicted,`).Match(said) {
		d.t.Errorf("statement import ended with %v:\n%s\nof\n%s", err, said, body)
	}
}
