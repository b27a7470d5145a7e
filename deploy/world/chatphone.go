// The telephone with WeChat: what its owner does and sees.

package world

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"strconv"
	"strings"
	"time"

	"certdesk/bot/wechat/wechattest"
)

// chatPhone is the telephone with WeChat, whoever holds it.
type chatPhone struct {
	wechat *wechattest.Platform
	talk   *talk
	now    func() time.Time
}

func (p chatPhone) mount(mux *http.ServeMux) {
	mux.HandleFunc("POST /world/wechat/{openid}/say", control(p.say))
	mux.HandleFunc("POST /world/wechat/{openid}/send", control(p.send))
	mux.HandleFunc("POST /world/wechat/{openid}/photo", control(p.photo))
	mux.HandleFunc("POST /world/wechat/{openid}/follow", control(p.follow))
	mux.HandleFunc("POST /world/wechat/{openid}/unfollow", control(p.unfollow))
	mux.HandleFunc("POST /world/wechat/{openid}/scan", control(p.scan))
	mux.HandleFunc("POST /world/wechat/{openid}/click", control(p.click))
	mux.HandleFunc("POST /world/wechat/{openid}/choose", control(p.choose))
	mux.HandleFunc("GET /world/wechat/{openid}/{what}", control(p.read))
	mux.HandleFunc("GET /world/wechat/menu", control(p.menu))
	mux.HandleFunc("GET /world/wechat/media/{id}", p.media)
}

// act does what a person does, and remembers what of it their telephone shows.
func (p chatPhone) act(r *http.Request, kind, text string, deed func(openid string) error) (any, error) {
	openid := r.PathValue("openid")
	at := p.now()
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
		p.talk.add(openid, saying{At: at, Kind: kind, Text: text})
	}
	return done, nil
}

func (p chatPhone) say(r *http.Request, q struct{ Text string }) (any, error) {
	if strings.TrimSpace(q.Text) == "" {
		return nil, no(http.StatusBadRequest, "请先输入要说的话。")
	}
	return p.act(r, saidText, q.Text, func(openid string) error { return p.wechat.Say(openid, q.Text) })
}

func (p chatPhone) send(r *http.Request, q struct{ Type string }) (any, error) {
	return p.act(r, saidText, "["+q.Type+"]", func(openid string) error { return p.wechat.Send(openid, q.Type) })
}

// photo sends a photograph on which this is printed.
func (p chatPhone) photo(r *http.Request, q struct{ Printed string }) (any, error) {
	if strings.TrimSpace(q.Printed) == "" || len(q.Printed) > 2000 {
		return nil, no(http.StatusBadRequest, "照片上要有字，最多2000字节。")
	}
	picture, err := photograph(q.Printed)
	if err != nil {
		return nil, err
	}
	return p.act(r, saidText, "[照片]", func(openid string) error { return p.wechat.SendPicture(openid, picture, q.Printed) })
}

// photograph draws a picture that no other print has: eyes are the stand-in's,
// which know what is printed on it.
func photograph(printed string) ([]byte, error) {
	sum := sha256.Sum256([]byte(printed))
	drawn := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range drawn.Pix {
		drawn.Pix[i] = sum[i%len(sum)] << (i / len(sum) % 8)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		return nil, fmt.Errorf("world: photograph: %w", err)
	}
	return b.Bytes(), nil
}

func (p chatPhone) follow(r *http.Request, q struct{ Scene string }) (any, error) {
	return p.act(r, saidNote, "您关注了公众号", func(openid string) error { return p.wechat.Follow(openid, q.Scene) })
}

func (p chatPhone) unfollow(r *http.Request, _ none) (any, error) {
	return p.act(r, saidNote, "您取消了关注", p.wechat.Unfollow)
}

func (p chatPhone) scan(r *http.Request, q struct{ Scene string }) (any, error) {
	return p.act(r, saidNote, "您扫描了公众号二维码", func(openid string) error { return p.wechat.Scan(openid, q.Scene) })
}

func (p chatPhone) click(r *http.Request, q struct{ Key string }) (any, error) {
	return p.act(r, saidNote, "", func(openid string) error { return p.wechat.Click(openid, q.Key) })
}

func (p chatPhone) choose(r *http.Request, q struct{ ID string }) (any, error) {
	label := ""
	for _, item := range p.wechat.Inbox(r.PathValue("openid"), 0) {
		for _, c := range item.Choices {
			if c.ID == q.ID {
				label = c.Label
			}
		}
	}
	return p.act(r, saidText, label, func(openid string) error { return p.wechat.Choose(openid, q.ID) })
}

// read is one route for both views, because a picture's address is beside them.
func (p chatPhone) read(r *http.Request, _ none) (any, error) {
	switch r.PathValue("what") {
	case "inbox":
		return p.inbox(r)
	case "chat":
		return p.chat(r)
	}
	return nil, no(http.StatusNotFound, "没有这个地址。")
}

func (p chatPhone) inbox(r *http.Request) (any, error) {
	after, err := strconv.Atoi(cmp.Or(r.URL.Query().Get("after"), "0"))
	if err != nil {
		return nil, no(http.StatusBadRequest, "after 应该是一个序号。")
	}
	return p.wechat.Inbox(r.PathValue("openid"), after), nil
}

// chat is everything that the person's telephone shows.
func (p chatPhone) chat(r *http.Request) (any, error) {
	openid := r.PathValue("openid")
	following := false
	for _, who := range p.wechat.Books().People {
		following = following || who.OpenID == openid && who.Following
	}
	return map[string]any{
		"following": following,
		"lines":     conversation(p.wechat.Inbox(openid, 0), p.talk.of(openid)),
	}, nil
}

func (p chatPhone) menu(*http.Request, none) (any, error) {
	if menu := p.wechat.Menu(); menu != nil {
		return menu, nil
	}
	return json.RawMessage(`{"button":[]}`), nil
}

func (p chatPhone) media(out http.ResponseWriter, r *http.Request) {
	content, ok := p.wechat.Media(r.PathValue("id"))
	kind := http.DetectContentType(content)
	if !ok || !strings.HasPrefix(kind, "image/") {
		fail(out, http.StatusNotFound, "没有这张图片。")
		return
	}
	out.Header().Set("Content-Type", kind)
	out.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = out.Write(content) // a client that left is no concern of ours
}
