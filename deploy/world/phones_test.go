package world_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"certdesk/flows"
)

func TestConversation(t *testing.T) {
	c := newCity(t, t.TempDir())
	at := "/world/wechat/" + person + "/"
	c.post(at+"unfollow", struct{}{}, http.StatusConflict, nil)
	c.post(at+"scan", map[string]string{"scene": "363"}, http.StatusOK, nil)
	first := c.inbox(1)[0]
	if first.Via != "passive" || len(first.Choices) != 1 || first.Choices[0].ID != "12" || len(first.Links) != 1 ||
		first.Links[0].Label != "用户注册" || first.URLs[0] != c.desk.URL+"/h5/s/page" {
		t.Errorf("the first message is %+v", first)
	}
	c.post(at+"choose", map[string]string{"id": "12"}, http.StatusOK, nil)
	c.post(at+"choose", map[string]string{"id": "13"}, http.StatusNotFound, nil)
	c.post(at+"say", map[string]string{"text": "人工"}, http.StatusOK, nil)
	c.post(at+"say", map[string]string{"text": "  "}, http.StatusBadRequest, nil)
	c.post(at+"click", map[string]string{"key": "申请"}, http.StatusOK, nil)
	c.post(at+"send", map[string]string{"type": "voice"}, http.StatusOK, nil)
	c.post(at+"photo", map[string]string{"printed": "营业执照"}, http.StatusOK, nil)
	c.post(at+"photo", map[string]string{"printed": " "}, http.StatusBadRequest, nil)
	c.post(at+"send", map[string]string{"type": "hologram"}, http.StatusUnprocessableEntity, nil)
	c.inbox(6)
	c.post(at+"unfollow", struct{}{}, http.StatusOK, nil)

	var chat struct {
		Following bool
		Lines     []struct {
			From string
			Said struct{ Kind, Text string }
		}
	}
	c.get(at+"chat", &chat)
	var said []string
	for _, line := range chat.Lines {
		if line.From == "person" {
			said = append(said, line.Said.Kind+" "+line.Said.Text)
		}
	}
	want := "[note 您扫描了公众号二维码 text 个人证书 text 人工 text [voice] text [照片] note 您取消了关注]"
	if got := fmt.Sprint(said); got != want || chat.Following {
		t.Errorf("the person said %s, following %v, want %s", got, chat.Following, want)
	}
	if chat.Lines[0].From != "person" {
		t.Error("the answer stands before what it answers")
	}
}

func TestGuard(t *testing.T) {
	c := newCity(t, t.TempDir())
	ask := func(method, host, path string, change func(*http.Request)) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, c.at+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		change(r)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer
	}
	nothing := func(*http.Request) {}
	own := strings.TrimPrefix(c.at, "http://")
	_, port, _ := strings.Cut(own, ":")
	for host, want := range map[string]int{
		own: 200, "localhost:" + port: 200, "[::1]:" + port: 200, "127.9.9.9": 200,
		"rebound.example": 403, "rebound.example:" + port: 403, "127.0.0.1.evil.example": 403, "192.168.0.9:" + port: 403, "0.0.0.0": 403,
	} {
		if got := ask(http.MethodGet, host, "/world/people", nothing).StatusCode; got != want {
			t.Errorf("GET with the host %s = %d, want %d", host, got, want)
		}
	}
	for origin, want := range map[string]int{"http://" + own: 200, "https://evil.example": 403, "null": 403} {
		got := ask(http.MethodPost, own, "/world/wechat/"+person+"/follow", func(r *http.Request) { r.Header.Set("Origin", origin) }).StatusCode
		if got != want {
			t.Errorf("POST from the origin %s = %d, want %d", origin, got, want)
		}
	}
	if got := ask(http.MethodPost, own, "/world/pc/run", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }).StatusCode; got != http.StatusForbidden {
		t.Errorf("POST from another site = %d, want 403", got)
	}
	home := ask(http.MethodGet, "localhost:"+port, "/", nothing)
	if home.StatusCode != http.StatusFound || home.Header.Get("Location") != c.at+"/" {
		t.Errorf("GET / at localhost = %d to %s, want the one name", home.StatusCode, home.Header.Get("Location"))
	}
}

func TestBounds(t *testing.T) {
	c := newCity(t, t.TempDir())
	for body, want := range map[string]int{
		`{"text":"` + strings.Repeat("a", 70<<10) + `"}`: http.StatusRequestEntityTooLarge,
		`{"text":`:   http.StatusBadRequest,
		`{"text":1}`: http.StatusBadRequest,
	} {
		answer, err := http.Post(c.at+"/world/wechat/"+person+"/say", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != want || !bytes.Contains(text, []byte("error")) {
			t.Errorf("POST of %.20s = %d %s, want %d", body, answer.StatusCode, text, want)
		}
	}
	for path, want := range map[string]int{
		"/world/wechat/" + person + "/diary": 404, "/world/wechat/media/none": 404, "/world/wechat/" + person + "/inbox?after=x": 400, "/world/none": 404,
	} {
		answer, err := http.Get(c.at + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("GET %s = %d, want %d", path, answer.StatusCode, want)
		}
	}
}

// TestSameBrowser has a browser open the service's page in the telephone, and
// then lets Alipay look at that screen and the world fill the page in.
func TestSameBrowser(t *testing.T) {
	c := newCity(t, t.TempDir())
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	post := func(path string, question any) int {
		t.Helper()
		body, err := json.Marshal(question)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := browser.Post(c.at+path, "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	client := newAlipay(t, c)
	content, err := client.QR(t.Context(), flows.Bill{Number: "P1", Amount: 1, Subject: "UKey", Expires: 3600e9})
	if err != nil {
		t.Fatal(err)
	}
	c.desk.show(content)
	if got := post("/h5/screen", map[string]string{"user": "王小明"}); got != http.StatusUnprocessableEntity {
		t.Errorf("before a page was opened the screen = %d, want 422", got)
	}
	if got := post("/h5/fill", map[string]string{"person": person}); got != http.StatusConflict {
		t.Errorf("before a page was opened fill = %d, want 409", got)
	}
	page, err := browser.Get(c.desk.URL + "/h5/s/page")
	if err != nil {
		t.Fatal(err)
	}
	page.Body.Close()
	if got := post("/h5/screen", map[string]string{"user": "王小明"}); got != http.StatusOK {
		t.Errorf("the code on the screen = %d, want 200", got)
	}
	if got := post("/h5/fill", map[string]string{"person": "nobody"}); got != http.StatusNotFound {
		t.Errorf("fill for nobody = %d, want 404", got)
	}
	if got := post("/h5/fill", map[string]string{"person": person}); got != http.StatusOK {
		t.Errorf("fill = %d, want 200", got)
	}
	sent, err := url.ParseQuery(strings.Join(c.desk.form, "&"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"_nonce": "n1", "_page": "register", "login": "13912345678", "id": "330106199003071236", "prov": "浙江省", "terms": "on", "unknown": "kept", "papers": "sample.pdf",
	} {
		if got := sent.Get(name); got != want {
			t.Errorf("the page got %s = %q, want %q", name, got, want)
		}
	}
	if sent.Has("password") {
		t.Error("the page got a password that it did not ask for")
	}
}

func TestEventsTell(t *testing.T) {
	c := newCity(t, t.TempDir())
	type news struct {
		Tag   string
		Parts map[string]string
	}
	var before, after news
	c.get("/world/events", &before)
	told := make(chan news, 1)
	go func() {
		var n news
		defer func() { told <- n }()
		answer, err := http.Get(c.at + "/world/events?after=" + before.Tag)
		if err != nil {
			return
		}
		defer answer.Body.Close()
		if err := json.NewDecoder(answer.Body).Decode(&n); err != nil {
			t.Error(err)
		}
	}()
	c.post("/world/bank/transfer", map[string]string{"payer": "王小明", "account": env(c.w, "BANK_ACCOUNT"), "amount": "1"}, http.StatusOK, nil)
	after = <-told
	if after.Tag == before.Tag || after.Parts["bank"] == before.Parts["bank"] || after.Parts["courier"] != before.Parts["courier"] {
		t.Errorf("after a transfer the news is %+v, before %+v", after, before)
	}
}

// TestTheMiniProgram opens it as a code says, and carries what is done in it.
func TestTheMiniProgram(t *testing.T) {
	c := newCity(t, t.TempDir())
	var got struct {
		Token, Call string
		Sent        struct {
			AuthCode string `json:"auth_code"`
			Scene    string
			Text     string
			Page     string
			Values   map[string]string
		}
		SignedOut bool `json:"signed_out"`
	}
	ask := func(path string, order any) {
		t.Helper()
		c.post("/world/alipay/app/"+path, order, http.StatusOK, &got)
	}
	var opened struct{ Kind, Query string }
	code := newAlipay(t, c).Start(url.Values{"scene": {"join.BCDFGHJK"}})
	c.post("/world/alipay/scan", map[string]string{"user": "王小明", "url": code}, http.StatusOK, &opened)
	if opened.Kind != "app" || opened.Query != "scene=join.BCDFGHJK" {
		t.Errorf("the code opens %+v", opened)
	}
	ask("open", map[string]string{"user": "王小明", "scene": "join.BCDFGHJK"})
	if got.Call != "POST sign-in" || len(got.Sent.AuthCode) != 32 || got.Sent.Scene != "join.BCDFGHJK" {
		t.Errorf("opening asks %+v", got)
	}
	if ask("look", map[string]string{"token": "t1"}); got.Call != "GET step" || got.Token != "Bearer t1" {
		t.Errorf("looking asks %+v", got)
	}
	if ask("answer", map[string]any{"token": "t1", "answer": map[string]string{"nonce": "n", "text": "帮助"}}); got.Call != "POST answer" || got.Sent.Text != "帮助" {
		t.Errorf("speaking asks %+v", got)
	}
	page := map[string]any{"name": "p", "fields": []map[string]string{{"key": "name"}, {"key": "org", "input": "fixed"}, {"key": "unknown"}}}
	if ask("fill", map[string]any{"token": "t1", "user": "2088000000000101", "nonce": "n", "page": page}); len(got.Sent.Values) != 1 || got.Sent.Values["name"] != "王小明" {
		t.Errorf("filling in sends %+v", got)
	}
	c.post("/world/alipay/app/fill", map[string]any{"user": "nobody"}, http.StatusNotFound, nil)
	c.post("/world/alipay/app/answer", map[string]any{"answer": map[string]string{"text": "wrong"}}, http.StatusUnprocessableEntity, nil)
	if ask("answer", map[string]any{"answer": map[string]string{"text": "over"}}); !got.SignedOut {
		t.Error("who has to sign in again is not told so")
	}
	picture, err := http.Get(c.at + "/world/code.png?of=" + url.QueryEscape("http://weixin.qq.com/q/02abc"))
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Body.Close()
	if kind := picture.Header.Get("Content-Type"); picture.StatusCode != http.StatusOK || kind != "image/png" {
		t.Errorf("a code is drawn as %d %s", picture.StatusCode, kind)
	}
}
