// The two telephones: what their owners do with WeChat and with Alipay.

package world

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"certdesk/bot/wechat/wechattest"
	"certdesk/miniapp/alipay/alipaytest"
)

func (w *World) mountPhones(mux *http.ServeMux) {
	mux.HandleFunc("POST /world/wechat/{openid}/say", control(w.say))
	mux.HandleFunc("POST /world/wechat/{openid}/send", control(w.send))
	mux.HandleFunc("POST /world/wechat/{openid}/follow", control(w.follow))
	mux.HandleFunc("POST /world/wechat/{openid}/unfollow", control(w.unfollow))
	mux.HandleFunc("POST /world/wechat/{openid}/scan", control(w.scan))
	mux.HandleFunc("POST /world/wechat/{openid}/click", control(w.click))
	mux.HandleFunc("POST /world/wechat/{openid}/choose", control(w.choose))
	mux.HandleFunc("GET /world/wechat/{openid}/{what}", control(w.read))
	mux.HandleFunc("GET /world/wechat/menu", control(w.menu))
	mux.HandleFunc("GET /world/wechat/media/{id}", w.media)

	mux.HandleFunc("GET /world/alipay/users", control(w.alipayUsers))
	mux.HandleFunc("POST /world/alipay/scan", control(w.alipayScan))
	mux.HandleFunc("POST /world/alipay/look", bounded(maxImage, w.alipayLook))
	mux.HandleFunc("POST /h5/fill", control(w.fill))
	mux.HandleFunc("POST /h5/screen", control(w.alipayLookAtScreen))
	mux.HandleFunc("POST /world/alipay/face", control(w.alipayFace))
	mux.HandleFunc("POST /world/alipay/pay", control(w.alipayPay))
}

// act does what a person does, and remembers what of it their telephone shows.
func (w *World) act(r *http.Request, kind, text string, deed func(openid string) error) (any, error) {
	openid := r.PathValue("openid")
	at := w.cfg.Now()
	err := deed(openid)
	switch {
	case errors.Is(err, wechattest.ErrNotFollowing):
		return nil, no(http.StatusConflict, "还没有关注公众号，请先关注。")
	case errors.Is(err, wechattest.ErrNoChoice):
		return nil, no(http.StatusNotFound, "没有哪条消息里有这个选项。")
	case err != nil:
		return nil, err
	}
	if text != "" {
		w.talk.add(openid, saying{At: at, Kind: kind, Text: text})
	}
	return done, nil
}

func (w *World) say(r *http.Request, q struct{ Text string }) (any, error) {
	if strings.TrimSpace(q.Text) == "" {
		return nil, no(http.StatusBadRequest, "请先输入要说的话。")
	}
	return w.act(r, saidText, q.Text, func(openid string) error { return w.wechat.Say(openid, q.Text) })
}

func (w *World) send(r *http.Request, q struct{ Type string }) (any, error) {
	return w.act(r, saidText, "["+q.Type+"]", func(openid string) error { return w.wechat.Send(openid, q.Type) })
}

func (w *World) follow(r *http.Request, q struct{ Scene string }) (any, error) {
	return w.act(r, saidNote, "您关注了公众号", func(openid string) error { return w.wechat.Follow(openid, q.Scene) })
}

func (w *World) unfollow(r *http.Request, _ none) (any, error) {
	return w.act(r, saidNote, "您取消了关注", w.wechat.Unfollow)
}

func (w *World) scan(r *http.Request, q struct{ Scene string }) (any, error) {
	return w.act(r, saidNote, "您扫描了公众号二维码", func(openid string) error { return w.wechat.Scan(openid, q.Scene) })
}

func (w *World) click(r *http.Request, q struct{ Key string }) (any, error) {
	return w.act(r, saidNote, "", func(openid string) error { return w.wechat.Click(openid, q.Key) })
}

func (w *World) choose(r *http.Request, q struct{ ID string }) (any, error) {
	label := ""
	for _, item := range w.wechat.Inbox(r.PathValue("openid"), 0) {
		for _, c := range item.Choices {
			if c.ID == q.ID {
				label = c.Label
			}
		}
	}
	return w.act(r, saidText, label, func(openid string) error { return w.wechat.Choose(openid, q.ID) })
}

// read is one route for both views, because a picture's address is beside them.
func (w *World) read(r *http.Request, _ none) (any, error) {
	switch r.PathValue("what") {
	case "inbox":
		return w.inbox(r)
	case "chat":
		return w.chat(r)
	}
	return nil, no(http.StatusNotFound, "没有这个地址。")
}

func (w *World) inbox(r *http.Request) (any, error) {
	after, err := strconv.Atoi(cmp.Or(r.URL.Query().Get("after"), "0"))
	if err != nil {
		return nil, no(http.StatusBadRequest, "after 应该是一个序号。")
	}
	return w.wechat.Inbox(r.PathValue("openid"), after), nil
}

// chat is everything that the person's telephone shows.
func (w *World) chat(r *http.Request) (any, error) {
	openid := r.PathValue("openid")
	following := false
	for _, p := range w.wechat.Books().People {
		following = following || p.OpenID == openid && p.Following
	}
	return map[string]any{
		"following": following,
		"lines":     conversation(w.wechat.Inbox(openid, 0), w.talk.of(openid)),
	}, nil
}

func (w *World) menu(*http.Request, none) (any, error) {
	if menu := w.wechat.Menu(); menu != nil {
		return menu, nil
	}
	return json.RawMessage(`{"button":[]}`), nil
}

func (w *World) media(out http.ResponseWriter, r *http.Request) {
	content, ok := w.wechat.Media(r.PathValue("id"))
	kind := http.DetectContentType(content)
	if !ok || !strings.HasPrefix(kind, "image/") {
		fail(out, http.StatusNotFound, "没有这张图片。")
		return
	}
	out.Header().Set("Content-Type", kind)
	out.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = out.Write(content) // a client that left is no concern of ours
}

func (w *World) alipayUsers(*http.Request, none) (any, error) {
	type user struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		IDNumber string `json:"id_number"`
	}
	users := make([]user, 0, len(people))
	for _, p := range people {
		users = append(users, user{p.Alipay, p.Name, p.IDNumber})
	}
	return users, nil
}

// alipayUser finds somebody by identifier or by name.
func alipayUser(who string) string {
	for _, p := range people {
		if p.Name == who {
			return p.Alipay
		}
	}
	return who
}

// opened is what Alipay shows after a scan.
type opened struct {
	Kind   string `json:"kind"` // "face", "pay" or "login"
	ID     string `json:"id"`
	Title  string `json:"title"`
	Amount string `json:"amount,omitempty"` // in yuan
	URL    string `json:"url,omitempty"`
}

func (w *World) open(ctx context.Context, user, content string) (any, error) {
	s, err := w.alipay.Scan(ctx, alipayUser(user), content)
	if errors.Is(err, alipaytest.ErrScan) {
		return nil, no(http.StatusUnprocessableEntity, "支付宝打不开这个二维码，可能已过期、已用过或不是支付宝的码。（"+err.Error()+"）")
	}
	if err != nil {
		return nil, err
	}
	o := opened{Kind: s.Kind, ID: s.ID, Title: s.Title, URL: s.URL}
	if s.Kind == alipaytest.KindPay {
		o.Amount = s.Amount.String()
	}
	return o, nil
}

func (w *World) alipayScan(r *http.Request, q struct{ User, URL string }) (any, error) {
	return w.open(r.Context(), q.User, q.URL)
}

// alipayLook holds the telephone before a picture with a code in it: one from
// the chat, one from the album, or a page of the service on another screen.
func (w *World) alipayLook(r *http.Request, q struct{ User, At string }) (any, error) {
	content, err := w.codeAt(r.Context(), q.At, "")
	if err != nil {
		return nil, no(http.StatusUnprocessableEntity, "没有看到二维码。（"+err.Error()+"）")
	}
	return w.open(r.Context(), q.User, content)
}

// alipayLookAtScreen holds the telephone before the page that this browser has
// open. Cookies know no port: under the path of the service's pages they come
// here as well, and the page can be looked at as this browser sees it.
func (w *World) alipayLookAtScreen(r *http.Request, q struct{ User string }) (any, error) {
	content, err := w.codeAt(r.Context(), w.cfg.Service+"/h5/now", r.Header.Get("Cookie"))
	if err != nil {
		return nil, no(http.StatusUnprocessableEntity, "微信手机打开的页面上没有二维码。（"+err.Error()+"）")
	}
	return w.open(r.Context(), q.User, content)
}

func (w *World) alipayFace(_ *http.Request, q struct{ ID, Outcome string }) (any, error) {
	err := w.alipay.Face(q.ID, q.Outcome)
	if errors.Is(err, alipaytest.ErrOutcome) {
		return nil, no(http.StatusUnprocessableEntity, fmt.Sprintf("这次刷脸不能有这个结果。（%v）", err))
	}
	return done, err
}

func (w *World) alipayPay(r *http.Request, q struct{ ID string }) (any, error) {
	err := w.alipay.Pay(r.Context(), q.ID)
	if errors.Is(err, alipaytest.ErrOutcome) {
		return nil, no(http.StatusUnprocessableEntity, "这笔交易不能付款：没有扫过码、已关闭或已付款。")
	}
	return done, err
}
