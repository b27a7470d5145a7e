// Calls that furnish the account: pictures, codes, the menu.

package wechattest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	mediaLife = 72 * time.Hour
	maxImage  = 2 << 20
)

func mediaUpload(p *Platform, r *http.Request, body []byte) (any, int) {
	kind := r.URL.Query().Get("type")
	if !slices.Contains([]string{"image", "voice", "video", "thumb"}, kind) {
		return nil, 40004
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	file, header, err := r.FormFile("media")
	if err != nil {
		return nil, 41005
	}
	defer file.Close()
	content, code := checkFile(kind, file, header)
	if code != 0 {
		return nil, code
	}
	m := &medium{ID: rand.Text() + rand.Text(), Type: kind, content: content}
	p.change(func(s *state, now time.Time) {
		m.At = now
		s.Media[m.ID] = m
	})
	return map[string]any{"type": kind, "media_id": m.ID, "created_at": m.At.Unix()}, 0
}

// checkFile wants a picture to be one, by its name as well as by its bytes.
func checkFile(kind string, file multipart.File, header *multipart.FileHeader) ([]byte, int) {
	content, err := io.ReadAll(file)
	if err != nil || len(content) == 0 {
		return nil, 44001
	}
	if kind != "image" {
		return content, 0
	}
	if len(content) > maxImage {
		return nil, 40009
	}
	if !slices.Contains([]string{".png", ".jpg", ".jpeg", ".gif"}, strings.ToLower(filepath.Ext(header.Filename))) ||
		!slices.Contains([]string{"image/png", "image/jpeg", "image/gif"}, http.DetectContentType(content)) {
		return nil, 40004
	}
	return content, 0
}

// alive reports whether a medium may be sent.
func (p *Platform) alive(s *state, id string, now time.Time) bool {
	m := s.Media[id]
	return m != nil && now.Sub(m.At) < p.hurried(mediaLife)
}

func mediaGet(p *Platform, r *http.Request, _ []byte) (any, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := r.URL.Query().Get("media_id")
	if !p.alive(&p.state, id, p.cfg.Clock()) {
		return nil, 40007
	}
	content := p.state.Media[id].content
	return raw{kind: http.DetectContentType(content), content: content}, 0
}

// codeRequest asks for a code that opens the account.
type codeRequest struct {
	Expire int64  `json:"expire_seconds"`
	Action string `json:"action_name"`
	Info   struct {
		Scene struct {
			Text string      `json:"scene_str"`
			ID   json.Number `json:"scene_id"`
		} `json:"scene"`
	} `json:"action_info"`
}

// scene returns the scene, or the code with which it is refused.
func (q codeRequest) scene(now time.Time) (*scene, int) {
	s := &scene{Ticket: "gQ" + rand.Text() + "+/==", URL: "http://weixin.qq.com/q/02" + rand.Text()}
	switch q.Action {
	case "QR_SCENE", "QR_LIMIT_SCENE":
		s.Scene = q.Info.Scene.ID.String()
	case "QR_STR_SCENE", "QR_LIMIT_STR_SCENE":
		s.Scene = q.Info.Scene.Text
	default:
		return nil, 40052
	}
	if s.Scene == "" || len(s.Scene) > 64 {
		return nil, 40053
	}
	if !strings.HasPrefix(q.Action, "QR_LIMIT") {
		if q.Expire < 1 || q.Expire > 2592000 {
			return nil, 40053
		}
		s.Until = now.Add(time.Duration(q.Expire) * time.Second)
	}
	return s, 0
}

func qrcodeCreate(p *Platform, _ *http.Request, body []byte) (any, int) {
	var q codeRequest
	if code := parse(body, &q); code != 0 {
		return nil, code
	}
	made, code := q.scene(p.cfg.Clock())
	if code != 0 {
		return nil, code
	}
	p.change(func(s *state, _ time.Time) { s.Scenes[made.Ticket] = made })
	answer := map[string]any{"ticket": made.Ticket, "url": made.URL}
	if q.Expire > 0 {
		answer["expire_seconds"] = q.Expire
	}
	return answer, 0
}

// showQRCode answers with what the code says: whoever looks can draw it.
func (p *Platform) showQRCode(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	s := p.state.Scenes[r.URL.Query().Get("ticket")]
	p.mu.Unlock()
	if s == nil {
		http.NotFound(w, r)
		return
	}
	write(w, raw{kind: "text/plain; charset=utf-8", content: []byte(s.URL)})
}

// button is one entry of a menu.
type button struct {
	Name string   `json:"name"`
	Type string   `json:"type"`
	Key  string   `json:"key"`
	URL  string   `json:"url"`
	Sub  []button `json:"sub_button"`
}

// menuCreate checks the sizes that WeChat states, with the codes 40016 to 40027.
func menuCreate(p *Platform, _ *http.Request, body []byte) (any, int) {
	var m struct {
		Button []button `json:"button"`
	}
	if code := parse(body, &m); code != 0 {
		return nil, code
	}
	if len(m.Button) == 0 || len(m.Button) > 3 {
		return nil, 40016
	}
	for _, b := range m.Button {
		if code := b.check(); code != 0 {
			return nil, code
		}
	}
	p.change(func(s *state, _ time.Time) { s.Menu = slices.Clone(body) })
	return done, 0
}

func (b button) check() int {
	if b.Name == "" || len(b.Name) > 16 {
		return 40018
	}
	if len(b.Sub) == 0 {
		return b.checkLeaf(40017, 40019, 40020)
	}
	if len(b.Sub) > 5 {
		return 40023
	}
	for _, sub := range b.Sub {
		if sub.Name == "" || len(sub.Name) > 60 {
			return 40025
		}
		if code := sub.checkLeaf(40024, 40026, 40027); code != 0 {
			return code
		}
	}
	return 0
}

func (b button) checkLeaf(badType, badKey, badURL int) int {
	switch b.Type {
	case "click":
		if b.Key == "" || len(b.Key) > 128 {
			return badKey
		}
	case "view":
		if !strings.HasPrefix(b.URL, "http") || len(b.URL) > 1024 {
			return badURL
		}
	default:
		return badType
	}
	return 0
}

// Menu returns the menu as the account made it, or nil when there is none: it is
// what a telephone shows under the conversation.
func (p *Platform) Menu() json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.state.Menu)
}

func menuGet(p *Platform, _ *http.Request, _ []byte) (any, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.state.Menu) == 0 {
		return nil, 46003
	}
	return map[string]any{"menu": p.state.Menu}, 0
}

func menuDelete(p *Platform, _ *http.Request, _ []byte) (any, int) {
	p.change(func(s *state, _ time.Time) { s.Menu = nil })
	return done, 0
}

// errExpired is told to somebody who scans a code that is no longer good.
var errExpired = errors.New("wechattest: code has expired")

// scan returns the scene of a code: what was scanned is its address, or the
// scene itself, as of a poster that was printed long ago.
func (s *state) scan(scanned string, now time.Time) (*scene, error) {
	for _, known := range s.Scenes {
		if known.URL != scanned && known.Scene != scanned {
			continue
		}
		if known.Until.IsZero() || now.Before(known.Until) {
			return known, nil
		}
		if known.URL == scanned {
			return nil, errExpired
		}
	}
	return &scene{Scene: scanned, Ticket: "gQprinted"}, nil
}
