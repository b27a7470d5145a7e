// How calls come in and how they are answered.

package wechattest

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxCall bounds the body of a call; a video may have 10 MB.
const maxCall = 11 << 20

// handler answers a call with a value, or refuses it with a code. A value is
// sent as JSON; a [raw] one as it is.
type handler func(p *Platform, r *http.Request, body []byte) (answer any, code int)

// raw is an answer that is not JSON.
type raw struct {
	kind    string
	content []byte
}

// done is the answer of calls that have nothing to tell.
var done = map[string]any{"errcode": 0, "errmsg": "ok"}

// routes is every address of the platform.
func routes(p *Platform) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h handler) { mux.Handle(pattern, p.serve(h)) }
	handle("GET /cgi-bin/token", oldToken)
	handle("POST /cgi-bin/stable_token", stableToken)
	handle("POST /cgi-bin/message/custom/send", authorized(customSend))
	handle("POST /cgi-bin/message/custom/typing", authorized(customTyping))
	handle("POST /cgi-bin/message/template/send", authorized(templateSend))
	handle("POST /cgi-bin/media/upload", authorized(mediaUpload))
	handle("GET /cgi-bin/media/get", authorized(mediaGet))
	handle("POST /cv/ocr/comm", authorized(readPrint))
	handle("POST /cgi-bin/qrcode/create", authorized(qrcodeCreate))
	handle("POST /cgi-bin/menu/create", authorized(menuCreate))
	handle("GET /cgi-bin/menu/get", authorized(menuGet))
	handle("GET /cgi-bin/menu/delete", authorized(menuDelete))
	handle("GET /sns/oauth2/access_token", snsToken)
	mux.HandleFunc("GET /cgi-bin/showqrcode", p.showQRCode)
	mux.HandleFunc("GET /connect/oauth2/authorize", p.authorize)
	return mux
}

// authorized asks for a token before anything else.
func authorized(h handler) handler {
	return func(p *Platform, r *http.Request, body []byte) (any, int) {
		if p.faults.take(StaleToken) {
			return nil, 40001
		}
		if code := p.tokens.check(r.URL.Query().Get("access_token")); code != 0 {
			return nil, code
		}
		return h(p, r, body)
	}
}

// serve runs a handler among the faults that were ordered.
func (p *Platform) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.faults.take(ServerError) {
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCall))
		if err != nil {
			http.Error(w, "Request Entity Too Large", http.StatusRequestEntityTooLarge)
			return
		}
		if p.faults.take(Busy) {
			p.refuse(w, r.URL.Path, -1)
			return
		}
		answer, code := h(p, r, body)
		if p.faults.take(TimeOut) {
			p.hang(r)
		}
		if code != 0 {
			p.refuse(w, r.URL.Path, code)
			return
		}
		write(w, answer)
	})
}

// hang keeps the answer until the caller gives up or two deadlines are over, and
// then cuts the connection.
func (p *Platform) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(2 * p.cfg.Deadline):
	}
	panic(http.ErrAbortHandler)
}

// write sends an answer. JSON goes out without escapes and without a newline,
// because clients exist that double every control character and backslash.
func write(w http.ResponseWriter, answer any) {
	r, ok := answer.(raw)
	if !ok {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(answer); err != nil {
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
			return
		}
		r = raw{kind: "application/json; encoding=utf-8", content: bytes.TrimSpace(buf.Bytes())}
	}
	w.Header().Set("Content-Type", r.kind)
	_, _ = w.Write(r.content) // the caller is gone
}

// refuse answers with HTTP 200 and a code, as the platform does.
func (p *Platform) refuse(w http.ResponseWriter, path string, code int) {
	p.change(func(s *state, _ time.Time) { s.Refused[path+" "+strconv.Itoa(code)]++ })
	id := make([]byte, 12)
	rand.Read(id)
	text := hex.EncodeToString(id)
	write(w, map[string]any{
		"errcode": code,
		"errmsg":  fmt.Sprintf("refused for the reason of its code rid: %s-%s-%s", text[:8], text[8:16], text[16:]),
	})
}

// parse reads a JSON body. Fields that are not known do no harm.
func parse(body []byte, into any) int {
	if len(bytes.TrimSpace(body)) == 0 {
		return 44002
	}
	if json.Unmarshal(body, into) != nil {
		return 47001
	}
	return 0
}

func oldToken(p *Platform, r *http.Request, _ []byte) (any, int) {
	q := r.URL.Query()
	if code := p.tokens.credentials(q.Get("grant_type"), q.Get("appid"), q.Get("secret")); code != 0 {
		return nil, code
	}
	return p.tokens.answer(p.tokens.replace()), 0
}

func stableToken(p *Platform, _ *http.Request, body []byte) (any, int) {
	var q struct {
		Grant  string `json:"grant_type"`
		AppID  string `json:"appid"`
		Secret string `json:"secret"`
		Force  bool   `json:"force_refresh"`
	}
	if code := parse(body, &q); code != 0 {
		return nil, code
	}
	if code := p.tokens.credentials(q.Grant, q.AppID, q.Secret); code != 0 {
		return nil, code
	}
	if q.Force && !p.tokens.kill() {
		return nil, 45011
	}
	return p.tokens.answer(p.tokens.share()), 0
}

func (t *tokens) answer(i *issued) map[string]any {
	left := min(i.expires.Sub(t.now()), tokenLife)
	return map[string]any{"access_token": i.value, "expires_in": int(left / time.Second)}
}
