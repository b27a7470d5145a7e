// Who may ask, and how questions and answers look on the wire.

package world

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
)

const (
	maxBody  = 64 << 10 // of a control call
	maxImage = 4 << 20  // of a picture
)

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	at, err := netip.ParseAddr(host)
	return err == nil && at.IsLoopback()
}

// guarded refuses who did not ask for loopback by name or number: a page
// elsewhere on the web may have its own name point here. It refuses too what
// such a page sends without reading the answer.
func (w *World) guarded(next http.Handler) http.Handler {
	sameOrigin := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !loopback(host) {
			fail(out, http.StatusForbidden, "演示城市只在本机开放，请用 "+w.address()+" 打开。")
			return
		}
		sameOrigin.ServeHTTP(out, r)
	})
}

// problem is an answer that says no, in words for who clicked.
type problem struct {
	status int
	words  string
}

func (p problem) Error() string { return p.words }

func no(status int, words string) error { return problem{status, words} }

// control makes a handler of a function that reads a Q and returns the answer.
// An error without a status is a refusal of a stand-in: it is shown as it is.
func control[Q any](call func(*http.Request, Q) (any, error)) http.HandlerFunc {
	return bounded(maxBody, call)
}

// bounded is control with a limit of its own, in bytes.
func bounded[Q any](limit int64, call func(*http.Request, Q) (any, error)) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		var q Q
		if r.Method == http.MethodPost {
			body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, limit))
			if err != nil {
				fail(out, http.StatusRequestEntityTooLarge, "内容太长。")
				return
			}
			if len(body) > 0 && json.Unmarshal(body, &q) != nil {
				fail(out, http.StatusBadRequest, "内容不是 JSON，或字段类型不对。")
				return
			}
		}
		answer, err := call(r, q)
		if said, ok := errors.AsType[problem](err); ok {
			fail(out, said.status, said.words)
			return
		}
		if err != nil {
			fail(out, http.StatusUnprocessableEntity, err.Error())
			return
		}
		writeJSON(out, http.StatusOK, answer)
	}
}

// none is a question without content.
type none struct{}

var done = map[string]bool{"ok": true}

func fail(out http.ResponseWriter, status int, words string) {
	writeJSON(out, status, map[string]string{"error": words})
}

func writeJSON(out http.ResponseWriter, status int, value any) {
	out.Header().Set("Content-Type", "application/json; charset=utf-8")
	out.Header().Set("Cache-Control", "no-store")
	out.Header().Set("X-Content-Type-Options", "nosniff")
	out.WriteHeader(status)
	_ = json.NewEncoder(out).Encode(value) // a client that left is no concern of ours
}
