package server

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// What is seen from outside is there, fits what operators are given to read it
// with, and holds nothing of a person.

func TestMetrics(t *testing.T) {
	n := newTown(t, "METRICS_TOKEN=scraper")
	c := n.citizens(t)[0]
	c.registers()
	for _, token := range []string{"", "Bearer ", "Bearer wrong", "scraper"} {
		if got, _ := n.ask(t, "GET", "/metrics", "", http.Header{"Authorization": {token}}); got.StatusCode != http.StatusNotFound {
			t.Errorf("with %q the metrics answer %d, want 404", token, got.StatusCode)
		}
	}
	var page string
	n.wait(t, "the effects to be counted", func() bool {
		_, page = n.ask(t, "GET", "/metrics", "", http.Header{"Authorization": {"Bearer scraper"}})
		return strings.Contains(page, `certdesk_effects_total{outcome="done",verb="register"} 1`)
	})
	for _, line := range []string{
		`certdesk_events_total{channel="wechat",ended="decided",kind="followed"}`, `certdesk_step_entries_total{step="person.start"} 1`,
		`certdesk_partner_calls_total{outcome="answered",partner="sms"} 1`, `certdesk_commit_seconds_count`, `certdesk_answer_seconds_bucket{route="/wechat"`,
	} {
		if !strings.Contains(page, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	for _, personal := range []string{c.OpenID, c.Name, c.Mobile, c.IDNumber, c.Login, string(c.talk().ID), "/h5/s/"} {
		if strings.Contains(strings.ReplaceAll(page, `route="/h5/s/:token"`, ""), personal) {
			t.Errorf("the metrics hold %q", personal)
		}
	}
}

var metricName = regexp.MustCompile(`\bcertdesk_[a-z_]+`)

// TestDashboardsNameWhatThereIs reads the dashboard and the alert rules, and the
// runbook that the rules point to.
func TestDashboardsNameWhatThereIs(t *testing.T) {
	known := map[string]bool{}
	described := make(chan *prometheus.Desc)
	n := newTown(t)
	go func() { n.watch.registry.Describe(described); close(described) }()
	for d := range described {
		known[regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())[1]] = true
	}
	for _, name := range []string{"../deploy/dashboards/alerts.yaml", "../deploy/dashboards/certdesk.json"} {
		text := contents(t, name)
		used := metricName.FindAllString(text, -1)
		if len(used) < 10 {
			t.Errorf("%s names %d metrics: this test looks for the wrong thing", name, len(used))
		}
		for _, metric := range used {
			base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(metric, "_bucket"), "_count"), "_sum")
			if !known[metric] && !known[base] {
				t.Errorf("%s names %s, which is not exported", name, metric)
			}
		}
	}
	if !json.Valid([]byte(contents(t, "../deploy/dashboards/certdesk.json"))) {
		t.Error("the dashboard is not JSON")
	}
	var alerts, sections []string
	for _, m := range regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(contents(t, "../deploy/dashboards/alerts.yaml"), -1) {
		alerts = append(alerts, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^### Alarm (\w+)$`).FindAllStringSubmatch(contents(t, "../deploy/runbook.md"), -1) {
		sections = append(sections, m[1])
	}
	slices.Sort(alerts)
	slices.Sort(sections)
	if !slices.Equal(alerts, sections) || len(alerts) == 0 {
		t.Errorf("the rules have alerts %v, the runbook has sections for %v", alerts, sections)
	}
}

func contents(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// told is a collector of traces.
type told struct {
	mu    sync.Mutex
	spans map[string][]string // names by trace
	raw   strings.Builder
}

func (c *told) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var batch collector.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &batch) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(body)
	for _, resource := range batch.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				id := hex.EncodeToString(span.GetTraceId())
				c.spans[id] = append(c.spans[id], span.GetName())
			}
		}
	}
}

// one reports whether one trace holds all of these.
func (c *told) one(names ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, spans := range c.spans {
		if !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(spans, name) }) {
			return true
		}
	}
	return false
}

func TestAMessageAndWhatCameOfItAreOneTrace(t *testing.T) {
	c := &told{spans: map[string][]string{}}
	receiver := httptest.NewServer(c)
	t.Cleanup(receiver.Close)
	n := newTown(t, "TRACES_URL="+receiver.URL+"/v1/traces", "TRACE_SHARE=1")
	who := n.citizens(t)[0]
	who.registers()
	n.wait(t, "the story of the page, the SMS and its report", func() bool {
		return c.one("handle filled", "perform send-code", "handle code-sent")
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, personal := range []string{who.OpenID, who.Name, who.Mobile, who.Login} {
		if strings.Contains(c.raw.String(), personal) {
			t.Errorf("a trace holds %q", personal)
		}
	}
}
