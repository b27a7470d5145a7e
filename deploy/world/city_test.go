package world_test

// A city with a small service in it, for the other tests: it answers pushes
// with one passive reply and has two pages.

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skip2/go-qrcode"

	"certdesk/bot"
	"certdesk/deploy/world"
	"certdesk/flows"
)

const person = "oWangXiaoming"

// city is a world on a port, and the service in it.
type city struct {
	t    *testing.T
	w    *world.World
	at   string // of the world
	desk *service
	stop func()
}

// service is what the tests need of one.
type service struct {
	*httptest.Server
	account bot.Account

	mu     sync.Mutex
	routes int      // pushes of the courier
	code   string   // on the page
	form   []string // posted to the page
	heard  []bot.Message
}

func newCity(t *testing.T, dir string) *city {
	t.Helper()
	desk := &service{Server: httptest.NewUnstartedServer(nil)}
	desk.Config.Handler = desk.handler()
	desk.Start()
	t.Cleanup(desk.Close)
	web := httptest.NewUnstartedServer(nil)
	w, err := world.New(world.Config{Listen: web.Listener.Addr().String(), Service: desk.URL, Dir: dir, Hurry: 1000})
	if err != nil {
		t.Fatal(err)
	}
	env := w.Env()
	token, key := env["CERTDESK_WECHAT_TOKEN"], env["CERTDESK_WECHAT_AES_KEY"]
	envelope, err := bot.NewEnvelope(token, flows.Conceal(key), env["CERTDESK_WECHAT_APP_ID"])
	if err != nil {
		t.Fatal(err)
	}
	desk.account = bot.Account{OriginalID: env["CERTDESK_WECHAT_ORIGINAL_ID"], Token: flows.Conceal(token), Envelope: envelope, MaxSkew: bot.MaxSkew}
	web.Config.Handler = w.Handler()
	web.Start()
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	c := &city{t: t, w: w, at: web.URL, desk: desk}
	c.stop = sync.OnceFunc(func() {
		end()
		web.CloseClientConnections()
		web.Close()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	t.Cleanup(c.stop)
	return c
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /wechat", s.wechat)
	mux.HandleFunc("POST /sf/routes", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		s.routes++
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"return_code":"0000","return_msg":"成功"}`)
	})
	mux.HandleFunc("GET /h5/face/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, s.shown(), http.StatusFound)
	})
	mux.HandleFunc("/miniapp/v1/{call}", s.miniapp)
	mux.HandleFunc("GET /h5/s/page", s.page)
	mux.HandleFunc("GET /h5/now", s.page)
	mux.HandleFunc("POST /h5/s/page", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for name, files := range r.MultipartForm.File {
			r.PostForm.Set(name, files[0].Filename)
		}
		s.mu.Lock()
		s.form = append(s.form, r.PostForm.Encode())
		s.mu.Unlock()
		http.Redirect(w, r, "/h5/now", http.StatusSeeOther)
	})
	return mux
}

// miniapp answers the mini-program: what it was asked, or a refusal for the words
// that name one.
func (s *service) miniapp(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.Contains(string(body), "over"):
		w.WriteHeader(http.StatusUnauthorized)
	case strings.Contains(string(body), "wrong"):
		w.WriteHeader(http.StatusUnprocessableEntity)
		io.WriteString(w, `{"why":"请检查后再试。"}`)
	case r.PathValue("call") == "face":
		fmt.Fprintf(w, `{"certify_url":%q}`, s.shown())
	default:
		fmt.Fprintf(w, `{"token":%q,"call":%q,"sent":%s}`, r.Header.Get("Authorization"), r.Method+" "+r.PathValue("call"), body)
	}
}

func (s *service) wechat(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	body, _ := io.ReadAll(r.Body)
	msg, err := s.account.Receive(bot.Query{
		Signature: q.Get("signature"), Timestamp: q.Get("timestamp"), Nonce: q.Get("nonce"), OpenID: q.Get("openid"),
		EncryptType: q.Get("encrypt_type"), MsgSignature: q.Get("msg_signature"),
	}, body, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	s.mu.Lock()
	s.heard = append(s.heard, msg)
	s.mu.Unlock()
	text := `您好，请问要办理哪一种证书？` + "\n" +
		`1. <a href="weixin://bizmsgmenu?msgmenucontent=%E4%B8%AA%E4%BA%BA%E8%AF%81%E4%B9%A6&msgmenuid=12">个人证书</a>` + "\n" +
		`<a href="` + s.URL + `/h5/s/page">用户注册</a>` + "\n激活码：ABCD-EFGH\n收款账号：33050161780000000888001，汇款 0.01 元"
	answer, err := s.account.Answer(msg, text, time.Now(), q.Get("nonce"), rand.Reader)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Write(answer)
}

// page has a form, and a code when there is something to show. Only a browser
// with the cookie sees it at /h5/now.
func (s *service) page(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "seat", Value: "1", Path: "/h5"})
	if _, err := r.Cookie("seat"); err != nil && r.URL.Path == "/h5/now" {
		http.NotFound(w, r)
		return
	}
	picture := ""
	if content := s.shown(); content != "" {
		png, err := qrcode.Encode(content, qrcode.Medium, 600)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		picture = `<img src="data:image/png;base64,` + base64.StdEncoding.EncodeToString(png) + `" width="264">`
	}
	fmt.Fprintf(w, `<!doctype html><form method="post" action="%s/h5/s/page"><input type="hidden" name="_nonce" value="n1">`+
		`<input type="hidden" name="_page" value="register"><input name="login" value="">`+
		`<input name="id"><select name="prov"><option></select><input type="checkbox" name="terms" value="on"><input name="unknown" value="kept"><input type="file" name="papers" multiple></form>%s`, s.URL, picture)
}

func (s *service) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code
}

func (s *service) show(content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code = content
}

// post asks the world to do something, and demands this status.
func (c *city) post(path string, question any, status int, into any) {
	c.t.Helper()
	body, err := json.Marshal(question)
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.at+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	c.do(r, status, into)
}

func (c *city) get(path string, into any) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.at+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.do(r, http.StatusOK, into)
}

// do reads a JSON answer. A refusal must say why.
func (c *city) do(r *http.Request, status int, into any) {
	c.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != status {
		c.t.Fatalf("%s %s = %d %s, %v, want %d", r.Method, r.URL.Path, answer.StatusCode, text, err, status)
	}
	if status >= http.StatusBadRequest {
		var no struct{ Error string }
		if err := json.Unmarshal(text, &no); err != nil || no.Error == "" {
			c.t.Errorf("%s %s says no without words: %s", r.Method, r.URL.Path, text)
		}
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			c.t.Fatalf("%s %s: %v: %s", r.Method, r.URL.Path, err, text)
		}
	}
}

// until waits for something that the world does in its own time.
func (c *city) until(what string, is func() bool) {
	c.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			c.t.Fatalf("no %s", what)
		}
	}
}

type item struct {
	N       int
	Via     string
	Text    string
	Choices []struct{ ID, Label string }
	URLs    []string
	Links   []struct{ Label, URL string }
}

// inbox waits until the person has this many messages.
func (c *city) inbox(n int) []item {
	c.t.Helper()
	var all []item
	c.until(fmt.Sprintf("message %d", n), func() bool {
		c.get("/world/wechat/"+person+"/inbox", &all)
		return len(all) >= n
	})
	return all
}

func env(w *world.World, name string) string { return w.Env()["CERTDESK_"+name] }

func contains(t *testing.T, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("%q does not contain %q", text, want)
	}
}
