// Tests of the side of the service, call by call.

package wechattest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"certdesk/bot"
	"certdesk/bot/wechat/wechattest"
	"certdesk/flows"
)

var onePixel = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82")

// post makes a call and returns its answer.
func (w *world) post(t *testing.T, path, body string) map[string]any {
	t.Helper()
	res, err := http.Post(w.api+path, "application/json", strings.NewReader(body))
	must(t, err)
	return answerOf(t, res)
}

func (w *world) get(t *testing.T, path string) map[string]any {
	t.Helper()
	res, err := http.Get(w.api + path)
	must(t, err)
	return answerOf(t, res)
}

func answerOf(t *testing.T, res *http.Response) map[string]any {
	t.Helper()
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("answer with status %d: %v", res.StatusCode, err)
	}
	return answer
}

// code is the errcode of an answer; success may have none.
func code(answer map[string]any) int {
	n, _ := answer["errcode"].(float64)
	return int(n)
}

func (w *world) stable(t *testing.T, more string) map[string]any {
	t.Helper()
	return w.post(t, "/cgi-bin/stable_token", fmt.Sprintf(`{"grant_type":"client_credential","appid":%q,"secret":%q%s}`, appID, appSecret, more))
}

func (w *world) key(t *testing.T) string {
	t.Helper()
	return "?access_token=" + w.stable(t, "")["access_token"].(string)
}

func (w *world) send(t *testing.T, body string) int {
	t.Helper()
	return code(w.post(t, "/cgi-bin/message/custom/send"+w.key(t), body))
}

func upload(t *testing.T, w *world) string {
	t.Helper()
	return fileCall(t, w, "/cgi-bin/media/upload", "image", "media", "x.png", onePixel)["media_id"].(string)
}

func fileCall(t *testing.T, w *world, path, kind, field, name string, content []byte) map[string]any {
	t.Helper()
	var buf bytes.Buffer
	form := multipart.NewWriter(&buf)
	file, err := form.CreateFormFile(field, name)
	must(t, err)
	_, err = file.Write(content)
	must(t, err)
	must(t, form.Close())
	res, err := http.Post(w.api+path+w.key(t)+"&type="+kind, form.FormDataContentType(), &buf)
	must(t, err)
	return answerOf(t, res)
}

func TestTokens(t *testing.T) {
	w := newWorld(t, nil)
	menu := func(token any) int { return code(w.get(t, fmt.Sprintf("/cgi-bin/menu/delete?access_token=%v", token))) }
	first := w.stable(t, "")
	if first["expires_in"] != 7200.0 || w.stable(t, "")["access_token"] != first["access_token"] {
		t.Errorf("stable_token = %v, and another the second time", first)
	}
	if menu(first["access_token"]) != 0 || menu("") != 41001 || menu("x") != 40014 {
		t.Error("menu/delete accepts the wrong tokens")
	}
	w.clock.add(6900 * time.Second)
	next := w.stable(t, "")
	if next["access_token"] == first["access_token"] || menu(first["access_token"]) != 0 {
		t.Error("five minutes before its end a token is to be followed by the next, and to live on")
	}
	w.clock.add(301 * time.Second)
	if got := menu(first["access_token"]); got != 42001 {
		t.Errorf("call with an old token = %d, want 42001", got)
	}
	forced := w.stable(t, `,"force_refresh":true`)
	if menu(next["access_token"]) != 40001 || menu(forced["access_token"]) != 0 {
		t.Error("a forced renewal does not kill the token before")
	}
	if got := code(w.stable(t, `,"force_refresh":true`)); got != 45011 {
		t.Errorf("a second forced renewal at once = %d, want 45011", got)
	}
	old := func() any {
		return w.get(t, "/cgi-bin/token?grant_type=client_credential&appid="+appID+"&secret="+appSecret)["access_token"]
	}
	one, two := old(), old()
	if one == two || menu(one) != 0 {
		t.Error("the token replaced by /cgi-bin/token is to live on for five minutes")
	}
	w.clock.add(5 * time.Minute)
	if menu(one) != 40001 || menu(two) != 0 {
		t.Error("the token replaced by /cgi-bin/token lives longer than five minutes")
	}
	for body, want := range map[string]int{
		`{"grant_type":"client_credential","appid":"wx0","secret":"s"}`:                  40013,
		`{"grant_type":"client_credential","appid":"` + appID + `","secret":"s"}`:        40125,
		`{"grant_type":"client_credential","appid":"` + appID + `"}`:                     41004,
		`{"grant_type":"client_credential","secret":"s"}`:                                41002,
		`{"grant_type":"password","appid":"` + appID + `","secret":"` + appSecret + `"}`: 40002,
		`x`: 47001, ``: 44002,
	} {
		if got := code(w.post(t, "/cgi-bin/stable_token", body)); got != want {
			t.Errorf("stable_token %s = %d, want %d", body, got, want)
		}
	}
}

func TestCustomSendChecksInOrder(t *testing.T) {
	w := newWorld(t, nil)
	must(t, w.Follow(person, ""))
	must(t, w.Follow("gone", ""))
	must(t, w.Unfollow("gone"))
	w.settle(t)
	to := func(who, rest string) string { return `{"touser":"` + who + `",` + rest + `}` }
	tests := []struct {
		name string
		body string
		want int
	}{
		{"nothing", "", 44002},
		{"not JSON", "{", 47001},
		{"an unknown person, though the kind is unknown too", to("oB", `"msgtype":"x"`), 40003},
		{"an unknown kind, though the person has left", to("gone", `"msgtype":"x"`), 40008},
		{"an empty text", to("gone", `"msgtype":"text","text":{"content":""}`), 44004},
		{"no text", to("gone", `"msgtype":"text"`), 44004},
		{"a text too long", to("gone", `"msgtype":"text","text":{"content":"`+strings.Repeat("x", 2048)+`"}`), 45002},
		{"two articles", to("gone", `"msgtype":"news","news":{"articles":[{"title":"a"},{"title":"b"}]}`), 45008},
		{"a picture that is not there", to("gone", `"msgtype":"image","image":{"media_id":"x"}`), 40007},
		{"somebody who has left", to("gone", `"msgtype":"text","text":{"content":"x"}`), 45015},
		{"the first of three", to(person, `"msgtype":"text","text":{"content":"x"},"extra":{"fields":"do no harm"}`), 0},
		{"the second", to(person, `"msgtype":"news","news":{"articles":[{"title":"标题","url":"https://a.example/1"}]}`), 0},
		{"the third", to(person, `"msgtype":"msgmenu","msgmenu":{"head_content":"选","list":[{"id":"9","content":"甲"}],"tail_content":""}`), 0},
		{"the fourth", to(person, `"msgtype":"text","text":{"content":"x"}`), 45047},
	}
	for _, tt := range tests {
		if got := w.send(t, tt.body); got != tt.want {
			t.Errorf("%s: custom/send = %d, want %d", tt.name, got, tt.want)
		}
	}
	inbox := w.Inbox(person, 0)
	if len(inbox) != 3 || inbox[1].Text != "标题" || inbox[1].URLs[0] != "https://a.example/1" || inbox[2].Text != "选\n甲" || inbox[2].Choices[0].ID != "9" {
		t.Errorf("the person reads %+v", inbox)
	}
	must(t, w.Choose(person, "9"))
	if refused := w.Books().Refused; refused["/cgi-bin/message/custom/send 45047"] != 1 {
		t.Errorf("the books say %v", refused)
	}
}

func TestWindows(t *testing.T) {
	for _, hurry := range []int{1, 60} {
		w := newWorld(t, func(c *wechattest.Config) { c.Hurry = hurry })
		divided := func(d time.Duration) time.Duration { return d / time.Duration(hurry) }
		text := func() int { return w.send(t, `{"touser":"`+person+`","msgtype":"text","text":{"content":"x"}}`) }
		must(t, w.Follow(person, ""))
		w.clock.add(divided(time.Minute))
		if got := text(); got != 45015 {
			t.Errorf("hurry %d: a minute after following custom/send = %d, want 45015", hurry, got)
		}
		must(t, w.Say(person, "一"))
		w.clock.add(divided(48*time.Hour) - 1)
		for n := range 5 {
			if got := text(); got != 0 {
				t.Errorf("hurry %d: message %d within 48 hours = %d, want 0", hurry, n+1, got)
			}
		}
		if got := text(); got != 45047 {
			t.Errorf("hurry %d: message 6 = %d, want 45047", hurry, got)
		}
		w.clock.add(1)
		if got := text(); got != 45015 {
			t.Errorf("hurry %d: after 48 hours custom/send = %d, want 45015", hurry, got)
		}
		must(t, w.Click(person, "菜单"))
		must(t, w.Click(person, "菜单"))
		if people := w.Books().People; people[0].Left != 3 {
			t.Errorf("hurry %d: after two clicks %d messages are left, want 3: quotas do not add up", hurry, people[0].Left)
		}
		w.settle(t)
	}
}

func TestTyping(t *testing.T) {
	w := newWorld(t, nil)
	must(t, w.Follow(person, ""))
	typing := func(command string) int {
		return code(w.post(t, "/cgi-bin/message/custom/typing"+w.key(t), `{"touser":"`+person+`","command":"`+command+`"}`))
	}
	steps := []struct {
		command string
		later   time.Duration
		want    int
	}{
		{"Dancing", 0, 45072}, {"Typing", 0, 0}, {"Typing", 0, 45081}, {"CancelTyping", 0, 0}, {"Typing", 0, 0},
		{"Typing", 15 * time.Second, 0}, {"Typing", 16 * time.Second, 45080},
	}
	for n, s := range steps {
		w.clock.add(s.later)
		if got := typing(s.command); got != s.want {
			t.Errorf("step %d: %s = %d, want %d", n, s.command, got, s.want)
		}
	}
}

func TestTemplate(t *testing.T) {
	w := newWorld(t, nil)
	must(t, w.Follow(person, ""))
	w.settle(t)
	w.clock.add(72 * time.Hour)
	const body = `{"touser":"%s","template_id":"%s","url":"https://a.example/o","miniprogram":{"appid":"","pagepath":""},"data":{"thing1":{"value":"已发货"}}}`
	call := func(who, id string) int {
		return code(w.post(t, "/cgi-bin/message/template/send"+w.key(t), fmt.Sprintf(body, who, id)))
	}
	if call(person, "") != 40037 || call("oB", "T1") != 40003 || call(person, "T1") != 0 {
		t.Error("template/send does not check")
	}
	w.settle(t)
	must(t, w.Unfollow(person))
	if got := call(person, "T1"); got != 43004 {
		t.Errorf("template/send to somebody who has left = %d, want 43004", got)
	}
	inbox := w.Inbox(person, 0)
	if len(inbox) != 1 || inbox[0].Via != "template" || !strings.Contains(inbox[0].Text, "已发货") || inbox[0].URLs[0] != "https://a.example/o" {
		t.Errorf("the person reads %+v", inbox)
	}
	w.settle(t)
	if last := w.Books().Pushes[1]; last.Kind != "TEMPLATESENDJOBFINISH" || last.Outcome != wechattest.Silent {
		t.Errorf("the books say %+v", last)
	}
}

func TestMedia(t *testing.T) {
	w := newWorld(t, nil)
	must(t, w.Say(person, "一"))
	w.settle(t)
	id := upload(t, w)
	if got := w.send(t, `{"touser":"`+person+`","msgtype":"image","image":{"media_id":"`+id+`"}}`); got != 0 {
		t.Errorf("custom/send of a picture = %d", got)
	}
	item := w.Inbox(person, 0)[0]
	shown, ok := w.Media(strings.TrimPrefix(item.ImageURL, "/world/wechat/media/"))
	if item.Type != "image" || !ok || !bytes.Equal(shown, onePixel) {
		t.Errorf("the person sees %+v", item)
	}
	res, err := http.Get(w.api + "/cgi-bin/media/get" + w.key(t) + "&media_id=" + id)
	must(t, err)
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, onePixel) || res.Header.Get("Content-Type") != "image/png" {
		t.Errorf("media/get = %d bytes of %s, %v", len(got), res.Header.Get("Content-Type"), err)
	}
	w.clock.add(72 * time.Hour)
	must(t, w.Say(person, "二"))
	if got := w.send(t, `{"touser":"`+person+`","msgtype":"image","image":{"media_id":"`+id+`"}}`); got != 40007 {
		t.Errorf("custom/send of a picture after three days = %d, want 40007", got)
	}
	refused := []struct {
		kind, field, name string
		content           []byte
		want              int
	}{
		{"hologram", "media", "x.png", onePixel, 40004},
		{"image", "file", "x.png", onePixel, 41005},
		{"image", "media", "x", onePixel, 40004},
		{"image", "media", "x.png", []byte("not a picture"), 40004},
		{"image", "media", "x.png", nil, 44001},
		{"image", "media", "x.png", append(onePixel[:len(onePixel):len(onePixel)], make([]byte, 2<<20)...), 40009},
	}
	for _, tt := range refused {
		if got := code(fileCall(t, w, "/cgi-bin/media/upload", tt.kind, tt.field, tt.name, tt.content)); got != tt.want {
			t.Errorf("media/upload of %s as %s in %s = %d, want %d", tt.name, tt.kind, tt.field, got, tt.want)
		}
	}
	w.settle(t)
}

func TestCodes(t *testing.T) {
	w := newWorld(t, nil)
	call := func(body string) map[string]any { return w.post(t, "/cgi-bin/qrcode/create"+w.key(t), body) }
	made := call(`{"expire_seconds":60,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"case-7"}}}`)
	if _, has := made["errmsg"]; has || made["expire_seconds"] != 60.0 {
		t.Errorf("qrcode/create = %v", made)
	}
	for body, want := range map[string]int{
		`{"expire_seconds":60,"action_name":"QR","action_info":{"scene":{"scene_str":"x"}}}`:                           40052,
		`{"expire_seconds":60,"action_name":"QR_STR_SCENE","action_info":{"scene":{}}}`:                                40053,
		`{"expire_seconds":2592001,"action_name":"QR_STR_SCENE","action_info":{"scene":{"scene_str":"x"}}}`:            40053,
		`{"action_name":"QR_LIMIT_STR_SCENE","action_info":{"scene":{"scene_str":"` + strings.Repeat("x", 65) + `"}}}`: 40053,
		`{"action_name":"QR_LIMIT_SCENE","action_info":{"scene":{"scene_id":3}}}`:                                      0,
	} {
		if got := code(call(body)); got != want {
			t.Errorf("qrcode/create %s = %d, want %d", body, got, want)
		}
	}
	res, err := http.Get(w.api + "/cgi-bin/showqrcode?ticket=" + url.QueryEscape(made["ticket"].(string)))
	must(t, err)
	defer res.Body.Close()
	if shows, err := io.ReadAll(res.Body); err != nil || string(shows) != made["url"] {
		t.Errorf("showqrcode = %q, want %v", shows, made["url"])
	}
	must(t, w.Scan(person, made["url"].(string)))
	must(t, w.Scan(person, "case-7"))
	w.clock.add(time.Minute)
	if w.Scan(person, made["url"].(string)) == nil {
		t.Error("a code that is no longer good was scanned")
	}
	w.settle(t)
	heard := w.hear()
	scene := flows.Followed{Scene: "case-7"}
	if len(heard) != 2 || heard[0].Event.What != scene || heard[1].Event.What != scene || heard[0].Event.ID == heard[1].Event.ID {
		t.Errorf("the service hears %+v", heard)
	}
}

func TestMenu(t *testing.T) {
	w := newWorld(t, nil)
	create := func(body string) int { return code(w.post(t, "/cgi-bin/menu/create"+w.key(t), body)) }
	leaf := func(name, rest string) string { return `{"name":"` + name + `",` + rest + `}` }
	click := leaf("办理", `"type":"click","key":"办理"`)
	tests := []struct {
		name, buttons string
		want          int
	}{
		{"no button", "", 40016},
		{"four buttons", strings.Join([]string{click, click, click, click}, ","), 40016},
		{"a name of 18 bytes", leaf("六个汉字太长", `"type":"click","key":"k"`), 40018},
		{"no type", leaf("x", `"key":"k"`), 40017},
		{"no key", leaf("x", `"type":"click"`), 40019},
		{"no address", leaf("x", `"type":"view"`), 40020},
		{"six below", leaf("x", `"sub_button":[`+strings.Join([]string{click, click, click, click, click, click}, ",")+`]`), 40023},
		{"one below without a key", leaf("x", `"sub_button":[`+leaf("y", `"type":"click"`)+`]`), 40026},
		{"a good one", click + "," + leaf("更多", `"sub_button":[`+leaf("打开", `"type":"view","url":"https://a.example"`)+`]`), 0},
	}
	if got := code(w.get(t, "/cgi-bin/menu/get"+w.key(t))); got != 46003 {
		t.Errorf("menu/get of none = %d, want 46003", got)
	}
	for _, tt := range tests {
		if got := create(`{"button":[` + tt.buttons + `]}`); got != tt.want {
			t.Errorf("%s: menu/create = %d, want %d", tt.name, got, tt.want)
		}
	}
	if menu := w.get(t, "/cgi-bin/menu/get"+w.key(t))["menu"]; !strings.Contains(fmt.Sprint(menu), "办理") {
		t.Errorf("menu/get = %v", menu)
	}
}

func TestFaultsOfCalls(t *testing.T) {
	w := newWorld(t, nil)
	w.answer = func(bot.Message) string { return "" }
	must(t, w.Say(person, "一"))
	w.settle(t)
	const body = `{"touser":"` + person + `","msgtype":"text","text":{"content":"x"}}`
	path := w.api + "/cgi-bin/message/custom/send" + w.key(t)
	must(t, w.Fault("500", 1))
	res, err := http.Post(path, "application/json", strings.NewReader(body))
	must(t, err)
	must(t, res.Body.Close())
	if res.StatusCode != http.StatusInternalServerError || len(w.Inbox(person, 0)) != 0 {
		t.Errorf("with fault 500 the status is %d", res.StatusCode)
	}
	must(t, w.Fault("time-out", 1))
	if res, err := http.Post(path, "application/json", strings.NewReader(body)); err == nil {
		t.Errorf("with fault timeout there is an answer: %d", res.StatusCode)
	}
	if len(w.Inbox(person, 0)) != 1 {
		t.Error("with fault timeout the call was not done")
	}
	must(t, w.Fault("busy", 1))
	must(t, w.Fault("stale-token", 1))
	for _, want := range []int{-1, 40001, 0} {
		res, err := http.Post(path, "application/json", strings.NewReader(body))
		must(t, err)
		if got := code(answerOf(t, res)); got != want {
			t.Errorf("custom/send = %d, want %d", got, want)
		}
	}
}

func TestSignIn(t *testing.T) {
	w := newWorld(t, func(c *wechattest.Config) { c.CallbackURL = "http://desk.example:8080/wechat" })
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	open := func(query string) *http.Response {
		res, err := browser.Get(w.api + "/connect/oauth2/authorize?" + query)
		must(t, err)
		must(t, res.Body.Close())
		return res
	}
	const good = "appid=" + appID + "&redirect_uri=http%3A%2F%2Fdesk.example%3A8080%2Fh5%2Foauth%2Fwechat%3Fx%3D1&response_type=code&scope=snsapi_base&state=abc"
	res := open(good + "&as=" + person)
	back, err := url.Parse(res.Header.Get("Location"))
	must(t, err)
	if res.StatusCode != http.StatusFound || back.Query().Get("state") != "abc" || back.Query().Get("x") != "1" || back.Host != "desk.example:8080" {
		t.Fatalf("authorize = %d %s", res.StatusCode, back)
	}
	if res := open(good); res.StatusCode != http.StatusOK {
		t.Errorf("authorize without a person = %d, want the question", res.StatusCode)
	}
	for name, bad := range map[string]string{
		"another account": strings.Replace(good, appID, "wx0", 1),
		"another host":    strings.Replace(good, "desk.example", "evil.example", 1),
		"another scope":   strings.Replace(good, "snsapi_base", "all", 1),
		"a state with -":  good + "-x",
	} {
		if res := open(bad + "&as=" + person); res.StatusCode != http.StatusBadRequest {
			t.Errorf("authorize for %s = %d, want 400", name, res.StatusCode)
		}
	}
	redeem := func(secret, value string) map[string]any {
		return w.get(t, "/sns/oauth2/access_token?appid="+appID+"&secret="+secret+"&grant_type=authorization_code&code="+value)
	}
	value := back.Query().Get("code")
	if got := code(redeem("wrong", value)); got != 40125 {
		t.Errorf("redeem with a wrong secret = %d, want 40125", got)
	}
	if got := redeem(appSecret, value); got["openid"] != person {
		t.Errorf("redeem = %v", got)
	}
	for value, want := range map[string]int{value: 40163, "x": 40029, "": 41008} {
		if got := code(redeem(appSecret, value)); got != want {
			t.Errorf("redeem again = %d, want %d", got, want)
		}
	}
	late, err := url.Parse(open(good + "&as=" + person).Header.Get("Location"))
	must(t, err)
	w.clock.add(5 * time.Minute)
	if got := code(redeem(appSecret, late.Query().Get("code"))); got != 40029 {
		t.Errorf("redeem after five minutes = %d, want 40029", got)
	}
}
