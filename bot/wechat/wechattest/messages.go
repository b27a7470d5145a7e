// Calls that reach a person: customer messages, typing, templates.

package wechattest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxText is the longest text, in bytes (dodgepudding/wechat-php-sdk issue 363).
const maxText = 2047

// customMessage is a customer message of the kinds played here.
type customMessage struct {
	ToUser string       `json:"touser"`
	Type   string       `json:"msgtype"`
	Text   *textPart    `json:"text"`
	Image  *imagePart   `json:"image"`
	News   *newsPart    `json:"news"`
	Menu   *menuMessage `json:"msgmenu"`
}

type textPart struct {
	Content string `json:"content"`
}

type imagePart struct {
	MediaID string `json:"media_id"`
}

type newsPart struct {
	Articles []article `json:"articles"`
}

// customSend checks in the platform's order: the message first, then whether it
// may be sent.
func customSend(p *Platform, _ *http.Request, body []byte) (any, int) {
	var m customMessage
	if code := parse(body, &m); code != 0 {
		return nil, code
	}
	code := 0
	p.change(func(s *state, now time.Time) {
		u := s.Users[m.ToUser]
		if u == nil {
			code = 40003
			return
		}
		var what shown
		if what, code = p.content(s, m, now); code != 0 {
			return
		}
		if code = u.spend(now); code == 0 {
			u.show(now, viaCustom, what)
		}
	})
	return done, code
}

// content checks what a message holds and returns how it looks.
func (p *Platform) content(s *state, m customMessage, now time.Time) (shown, int) {
	switch m.Type {
	case "text":
		return text(m.Text)
	case "image":
		if m.Image == nil || !p.alive(s, m.Image.MediaID, now) {
			return shown{}, 40007
		}
		return picture(m.Image.MediaID), 0
	case "news":
		if m.News == nil || len(m.News.Articles) == 0 {
			return shown{}, 44003
		}
		if len(m.News.Articles) > 1 {
			return shown{}, 45008
		}
		return news(m.News.Articles[0]), 0
	case "msgmenu":
		if m.Menu == nil || len(m.Menu.List) == 0 {
			return shown{}, 44004
		}
		if p.faults.take(Sandbox) {
			return shown{}, 40200
		}
		return m.Menu.shown(), 0
	}
	return shown{}, 40008
}

func text(t *textPart) (shown, int) {
	if t == nil || t.Content == "" {
		return shown{}, 44004
	}
	if len(t.Content) > maxText {
		return shown{}, 45002
	}
	return read(t.Content), 0
}

// spend takes one message from the person's quota.
func (u *user) spend(now time.Time) int {
	switch {
	case !u.Following, !now.Before(u.Until):
		return 45015
	case u.Left == 0:
		return 45047
	}
	u.Left--
	return 0
}

// grant opens the window: quotas do not add up, the larger of both counts.
func (u *user) grant(now time.Time, messages int, window time.Duration) {
	if !now.Before(u.Until) {
		u.Left = 0
	}
	u.Last = now
	u.Left = max(u.Left, messages)
	if until := now.Add(window); until.After(u.Until) {
		u.Until = until
	}
}

func customTyping(p *Platform, _ *http.Request, body []byte) (any, int) {
	var m struct {
		ToUser  string `json:"touser"`
		Command string `json:"command"`
	}
	if code := parse(body, &m); code != 0 {
		return nil, code
	}
	code := 0
	p.change(func(s *state, now time.Time) {
		u := s.Users[m.ToUser]
		if u == nil {
			code = 40003
			return
		}
		code = u.typing(now, m.Command)
	})
	return done, code
}

func (u *user) typing(now time.Time, command string) int {
	switch {
	case command == "CancelTyping":
		u.Typing = time.Time{}
		return 0
	case command != "Typing":
		return 45072
	case now.Sub(u.Last) > 30*time.Second:
		return 45080
	case now.Before(u.Typing):
		return 45081
	}
	u.Typing = now.Add(15 * time.Second)
	return 0
}

// maxThing is how many characters a template's "thing" holds.
const maxThing = 20

// templateMessage is a message for which a person need not have written.
type templateMessage struct {
	ToUser     string `json:"touser"`
	TemplateID string `json:"template_id"`
	URL        string `json:"url"`
	Data       map[string]struct {
		Value any `json:"value"`
	} `json:"data"`
}

func templateSend(p *Platform, _ *http.Request, body []byte) (any, int) {
	var m templateMessage
	if code := parse(body, &m); code != 0 {
		return nil, code
	}
	if m.TemplateID == "" {
		return nil, 40037
	}
	for key, field := range m.Data {
		if strings.HasPrefix(key, "thing") && utf8.RuneCountInString(fmt.Sprint(field.Value)) > maxThing {
			return nil, 47003
		}
	}
	code, id := 0, int64(0)
	p.change(func(s *state, now time.Time) {
		u := s.Users[m.ToUser]
		switch {
		case u == nil:
			code = 40003
		case !u.Following:
			code = 43004
		default:
			id = s.nextID(now)
			status := "success"
			if p.faults.take(Blocked) {
				status = "failed:user block"
			} else {
				u.show(now, viaTemplate, m.shown())
			}
			p.push(s, now, u.OpenID, event("TEMPLATESENDJOBFINISH"), field{"MsgID", fmt.Sprint(id)}, field{"Status", status})
		}
	})
	return map[string]any{"errcode": 0, "errmsg": "ok", "msgid": id}, code
}

func (m templateMessage) shown() shown {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(m.Data)) {
		lines = append(lines, fmt.Sprint(m.Data[key].Value))
	}
	s := notice(cmp.Or(m.TemplateID, "?"), lines)
	if strings.HasPrefix(m.URL, "http") {
		s.page(m.URL, "详情")
	}
	return s
}
