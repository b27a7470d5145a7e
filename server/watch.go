package server

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"certdesk/flows"
	"certdesk/server/desk"
)

// What is seen from outside: numbers for Prometheus, stories for OpenTelemetry.
// Neither holds a personal datum, and no label takes more values than the
// manual has words for.

// gauges count what a process does, and tells stories of it when somebody
// collects them.
type gauges struct {
	registry *prometheus.Registry
	tracer   trace.Tracer

	handled   *prometheus.CounterVec
	conflicts prometheus.Counter
	cache     *prometheus.CounterVec
	resumes   prometheus.Counter
	steps     *prometheus.CounterVec
	decide    prometheus.Histogram
	commit    prometheus.Histogram
	answer    *prometheus.HistogramVec
	refused   *prometheus.CounterVec
	performed *prometheus.CounterVec
	effect    *prometheus.HistogramVec
	settled   prometheus.Counter
	lag       prometheus.Histogram
	calls     *prometheus.CounterVec
	call      *prometheus.HistogramVec
	open      *prometheus.GaugeVec
	guards    map[string]*guard // by partner
}

var (
	fast = []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5} // seconds
	slow = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 60, 300}                           // seconds
)

func newGauges() *gauges {
	w := &gauges{registry: prometheus.NewRegistry(), guards: map[string]*guard{}, tracer: noop.NewTracerProvider().Tracer("")}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "certdesk_" + name, Help: help}, labels)
		w.registry.MustRegister(c)
		return c
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "certdesk_" + name, Help: help, Buckets: buckets}, labels)
		w.registry.MustRegister(h)
		return h
	}
	w.handled = counter("events_total", "Events by channel, kind and how they ended.", "channel", "kind", "ended")
	w.conflicts = counter("conflicts_total", "Decisions that found the talk changed.").WithLabelValues()
	w.cache = counter("talk_cache_total", "Talks looked for in this process.", "result")
	w.resumes = counter("resumes_total", "Talks made anew from the ledger's facts.").WithLabelValues()
	w.steps = counter("step_entries_total", "Arrivals at a step of the manual.", "step")
	w.decide = histogram("decide_seconds", "Time to decide one event.", fast).WithLabelValues().(prometheus.Histogram)
	w.commit = histogram("commit_seconds", "Time to store one decision.", fast).WithLabelValues().(prometheus.Histogram)
	w.answer = histogram("answer_seconds", "Time to answer one request, by route.", fast, "route")
	w.refused = counter("wechat_refused_total", "Pushes that were not taken, by reason.", "reason")
	w.performed = counter("effects_total", "Tries of effects by verb and outcome.", "verb", "outcome")
	w.effect = histogram("effect_seconds", "Time of one try of an effect.", slow, "verb")
	w.settled = counter("settled_total", "Effects that reached the ledger.").WithLabelValues()
	w.lag = histogram("settle_lag_seconds", "Time from a decision to its effects being in the ledger.", slow).WithLabelValues().(prometheus.Histogram)
	w.calls = counter("partner_calls_total", "Calls to partners by outcome.", "partner", "outcome")
	w.call = histogram("partner_seconds", "Time of one call to a partner.", slow, "partner")
	w.open = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "certdesk_partner_open", Help: "1 while calls to a partner are cut off because it fails."}, []string{"partner"})
	w.registry.MustRegister(w.open, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return w
}

// gauge is a number that is looked up when somebody asks.
func (w *gauges) gauge(name, help string, value func() float64) {
	w.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "certdesk_" + name, Help: help}, value))
}

// stores watches the pools, the queue and the agents' queue of a service. What
// costs a query is asked at most every five seconds.
func (w *gauges) stores(s *Server) {
	w.gauge("settle_backlog", "How full the queue of talks to be settled is, from 0 to 1.", s.desk.Backlog)
	w.gauge("requests_in_flight", "Requests being answered.", func() float64 { return float64(s.busy.Load()) })
	w.gauge("redis_connections", "Connections to Redis.", func() float64 { return float64(s.redis.PoolStats().TotalConns) })
	w.gauge("redis_pool_timeouts", "Waits for a connection to Redis that were given up.", func() float64 { return float64(s.redis.PoolStats().Timeouts) })
	w.gauge("ledger_connections_in_use", "Connections to the ledger in use.", func() float64 { return float64(s.book.Stats().InUse) })
	w.gauge("ledger_retried", "Transactions that another was in the way of, and that began again.", func() float64 { return float64(s.book.Retried()) })
	load := recently(s.now, func(ctx context.Context) (desk.Load, error) { return s.book.Load(ctx, s.now()) })
	w.gauge("jobs_due", "Jobs whose time has come and that nobody works on.", func() float64 { return float64(load().Due) })
	w.gauge("job_lag_seconds", "How long the oldest effect that is not done has waited.", func() float64 { return load().Lag.Seconds() })
	w.gauge("jobs_retrying", "Jobs that failed and come again.", func() float64 { return float64(load().Retrying) })
	w.gauge("effects_stuck", "Effects that an agent was called for and that are not done.", func() float64 { return float64(load().Stuck) })
	w.gauge("agents_waiting", "Applicants who wait for an agent.", func() float64 { return float64(load().Waiting) })
	w.gauge("agents_wait_seconds", "How long the first of them has waited.", func() float64 { return load().Wait.Seconds() })
	w.gauge("inbox_letters", "What partners sent that belongs to nothing.", func() float64 { return float64(load().Letters) })
}

const lookAgain = 5 * time.Second

// recently keeps an answer for a while, and the last one when there is none.
func recently(now func() time.Time, ask func(context.Context) (desk.Load, error)) func() desk.Load {
	turn := make(chan struct{}, 1)
	var at time.Time
	var last desk.Load
	return func() desk.Load {
		turn <- struct{}{}
		defer func() { <-turn }()
		if t := now(); t.Sub(at) > lookAgain {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			if fresh, err := ask(ctx); err == nil {
				at, last = t, fresh
			}
		}
		return last
	}
}

// serve answers Prometheus, which must bring the token: the numbers tell how
// much business there is.
func (w *gauges) serve(token flows.Secret) fiber.Handler {
	page := adaptor.HTTPHandler(promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{}))
	want := []byte("Bearer " + token.Reveal())
	return func(c *fiber.Ctx) error {
		if token.IsZero() || subtle.ConstantTimeCompare([]byte(c.Get(fiber.HeaderAuthorization)), want) != 1 {
			return fiber.NewError(fiber.StatusNotFound)
		}
		return page(c)
	}
}

// timed notes how long an answer took, under the pattern of its route: the path
// itself may hold a token.
func (w *gauges) timed(c *fiber.Ctx) error {
	began := time.Now()
	err := c.Next()
	w.answer.WithLabelValues(c.Route().Path).Observe(time.Since(began).Seconds())
	return err
}

// Begin implements [desk.Watch]. All that follows from one event is one trace:
// its identifier is made from the story's name, so that nothing need be carried
// through the stores.
func (w *gauges) Begin(ctx context.Context, what string, talk desk.TalkID, story string) (context.Context, func(error)) {
	if _, off := w.tracer.(noop.Tracer); off {
		return ctx, func(error) {}
	}
	sum := sha256.Sum256([]byte(string(talk) + "/" + story))
	parent := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID(sum[:16]), SpanID: trace.SpanID(sum[16:24]), TraceFlags: trace.FlagsSampled, Remote: true,
	})
	ctx, span := w.tracer.Start(trace.ContextWithRemoteSpanContext(ctx, parent), what, trace.WithAttributes(attribute.String("talk", string(talk))))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "failed") // the text may hold what a partner said
		}
		span.End()
	}
}

// Handled implements [desk.Watch].
func (w *gauges) Handled(h desk.Handled) {
	w.handled.WithLabelValues(string(h.Via), string(h.Kind), string(h.Ended)).Inc()
	if h.Conflicts > 0 {
		w.conflicts.Add(float64(h.Conflicts))
	}
	w.cache.WithLabelValues(map[bool]string{true: "hit", false: "miss"}[h.Cached]).Inc()
	if h.Resumed {
		w.resumes.Inc()
	}
	if (h.Ended == desk.EndedDecided || h.Ended == desk.EndedQueued) && h.From != h.To {
		w.steps.WithLabelValues(string(h.To)).Inc()
	}
	w.decide.Observe(h.Decide.Seconds())
	w.commit.Observe(h.Commit.Seconds())
}

// Performed implements [desk.Watch].
func (w *gauges) Performed(verb flows.Verb, took time.Duration, err error) {
	outcome := "done"
	switch {
	case errors.Is(err, desk.ErrBusy):
		return // its turn has not come: no try
	case err != nil:
		outcome = "failed"
	}
	w.performed.WithLabelValues(string(verb), outcome).Inc()
	w.effect.WithLabelValues(string(verb)).Observe(took.Seconds())
}

// Settled implements [desk.Watch].
func (w *gauges) Settled(effects int, lag time.Duration) {
	w.settled.Add(float64(effects))
	w.lag.Observe(lag.Seconds())
}
