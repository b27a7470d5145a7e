// News for the page: which part of the city has changed since it last asked.

package world

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	newsWait = 25 * time.Second       // how long a question is held when nothing happens
	newsLook = 200 * time.Millisecond // between two looks; only while somebody waits
)

// press is who knows what has changed.
type press struct {
	*partners
	pc *pc
}

func (p press) mount(mux *http.ServeMux) {
	mux.HandleFunc("POST /world/faults", control(p.fault))
	mux.HandleFunc("GET /world/books", control(p.books))
	mux.HandleFunc("GET /world/events", control(p.events))
}

// news are the marks of all parts, and one of them together.
type news struct {
	Tag   string            `json:"tag"`
	Parts map[string]string `json:"parts"`
}

// events answers as soon as the city is not as the question's tag says. The
// stand-ins tell nobody when they change, so their books are compared.
func (p press) events(r *http.Request, _ none) (any, error) {
	after := r.URL.Query().Get("after")
	deadline := time.NewTimer(newsWait)
	defer deadline.Stop()
	look := time.NewTicker(newsLook)
	defer look.Stop()
	for {
		now, err := p.news()
		if err != nil || now.Tag != after {
			return now, err
		}
		select {
		case <-look.C:
		case <-deadline.C:
			return now, nil
		case <-p.pc.ctx.Done():
			return nil, no(http.StatusServiceUnavailable, "演示城市正在关闭。")
		case <-r.Context().Done():
			return now, nil
		}
	}
}

func (p press) news() (news, error) {
	n := news{Parts: map[string]string{}}
	parts := p.ledgers()
	parts["pc"] = func() any { return p.pc.screen() }
	parts["menu"] = func() any { return p.wechat.Menu() }
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		text, err := json.Marshal(parts[name]())
		if err != nil {
			return n, fmt.Errorf("world: news of %s: %w", name, err)
		}
		n.Parts[name] = mark(text)
		all.WriteString(n.Parts[name])
	}
	n.Tag = mark([]byte(all.String()))
	return n, nil
}

func mark(text []byte) string {
	h := fnv.New64a()
	h.Write(text)
	return fmt.Sprintf("%016x", h.Sum64())
}
