// What people do with their telephones.

package wechattest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

var (
	// ErrNotFollowing is told to somebody who unfollowed the account: there is no
	// conversation to write in.
	ErrNotFollowing = errors.New("wechattest: person does not follow the account")

	// ErrNoChoice is told to somebody who taps what no message offered.
	ErrNoChoice = errors.New("wechattest: no message offers this choice")

	errName = errors.New("wechattest: an OpenID has letters, digits, _ and -, at most 64")
)

var goodName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// What a person's action allows the account to send (WeChat manual, chapter
// 客服消息).
const (
	afterMessage = 5 // for 48 hours
	afterAction  = 3 // for one minute
	messageTime  = 48 * time.Hour
	actionTime   = time.Minute
)

// Follow opens the account, by a code when scene is not empty: its scene, or the
// address that the code says. Somebody who follows already only scans.
func (p *Platform) Follow(openid, scene string) error {
	return p.act(openid, func(s *state, now time.Time) error {
		code, err := s.scan(scene, now)
		if err != nil {
			return err
		}
		if u := s.Users[openid]; u != nil && u.Following && scene != "" {
			u.grant(now, afterAction, p.hurried(actionTime))
			p.push(s, now, openid, event("SCAN"), field{"EventKey", code.Scene}, field{"Ticket", code.Ticket})
			return nil
		}
		p.follow(s, now, openid, code)
		return nil
	})
}

// follow makes a person a follower. Somebody who follows already notices
// nothing.
func (p *Platform) follow(s *state, now time.Time, openid string, code *scene) *user {
	u := s.Users[openid]
	if u == nil {
		u = &user{OpenID: openid, Offers: map[string]string{}}
		s.Users[openid] = u
	}
	if u.Following {
		return u
	}
	u.Following = true
	u.grant(now, afterAction, p.hurried(actionTime))
	fields := []field{{"EventKey", ""}}
	if code.Scene != "" {
		fields = []field{{"EventKey", "qrscene_" + code.Scene}, {"Ticket", code.Ticket}}
	}
	p.push(s, now, openid, event("subscribe"), fields...)
	return u
}

// Scan is what happens when a person holds the telephone before a code: a
// follower scans, everybody else follows.
func (p *Platform) Scan(openid, scene string) error {
	if scene == "" {
		return errors.New("wechattest: a code has a scene")
	}
	return p.Follow(openid, scene)
}

// Unfollow leaves the account. Nothing reaches the person afterwards.
func (p *Platform) Unfollow(openid string) error {
	return p.act(openid, func(s *state, now time.Time) error {
		u := s.Users[openid]
		if u == nil || !u.Following {
			return ErrNotFollowing
		}
		u.Following, u.Left = false, 0
		p.push(s, now, openid, event("unsubscribe"), field{"EventKey", ""})
		return nil
	})
}

// Say types a text.
func (p *Platform) Say(openid, text string) error {
	return p.write(openid, "text", field{"Content", typed(text)})
}

// typed is what a keyboard can produce.
func typed(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

// sendable are the kinds of message besides text, with what they carry.
var sendable = map[string][]field{
	"voice":      {{"MediaId", "sent-by-the-person"}, {"Format", "amr"}},
	"video":      {{"MediaId", "sent-by-the-person"}, {"ThumbMediaId", "sent-by-the-person"}},
	"shortvideo": {{"MediaId", "sent-by-the-person"}, {"ThumbMediaId", "sent-by-the-person"}},
	"location":   {{"Location_X", "39.906"}, {"Location_Y", "116.397"}, {"Scale", "15"}, {"Label", "天安门广场"}},
	"link":       {{"Title", "文章"}, {"Description", "一篇文章"}, {"Url", "https://mp.weixin.qq.com/s/article"}},
}

// Send sends something that is neither text nor a picture: "voice", "video",
// "shortvideo", "location" or "link".
func (p *Platform) Send(openid, msgType string) error {
	fields, ok := sendable[msgType]
	if !ok {
		return fmt.Errorf("wechattest: nobody can send %q", msgType)
	}
	return p.write(openid, msgType, fields...)
}

// SendPicture sends a picture, JPEG or PNG, on which this is printed: the
// platform reads nothing else there.
func (p *Platform) SendPicture(openid string, picture []byte, printed string) error {
	if code := checkPicture(picture); code != 0 {
		return fmt.Errorf("wechattest: nobody can send this picture: %d", code)
	}
	m := &medium{ID: rand.Text() + rand.Text(), Type: "image", Printed: printed, content: picture}
	return p.present(openid, func(s *state, u *user, now time.Time) error {
		m.At = now
		s.Media[m.ID] = m
		u.grant(now, afterMessage, p.hurried(messageTime))
		p.push(s, now, openid, message("image"), field{"PicUrl", "http://mmbiz.qpic.cn/" + m.ID}, field{"MediaId", m.ID})
		return nil
	})
}

// write is a message of a person's own. Who never followed does so first,
// because WeChat shows nobody else where to write.
func (p *Platform) write(openid, msgType string, fields ...field) error {
	return p.present(openid, func(s *state, u *user, now time.Time) error {
		u.grant(now, afterMessage, p.hurried(messageTime))
		p.push(s, now, openid, message(msgType), fields...)
		return nil
	})
}

// Click presses a button of the menu that has this key.
func (p *Platform) Click(openid, key string) error {
	return p.present(openid, func(s *state, u *user, now time.Time) error {
		u.grant(now, afterAction, p.hurried(actionTime))
		p.push(s, now, openid, event("CLICK"), field{"EventKey", key})
		return nil
	})
}

// Choose taps a choice in any message of the inbox, however old. The account
// hears a text, but the window opens as for a menu only.
func (p *Platform) Choose(openid, id string) error {
	return p.present(openid, func(s *state, u *user, now time.Time) error {
		says, ok := u.Offers[id]
		if !ok {
			return ErrNoChoice
		}
		u.grant(now, afterAction, p.hurried(actionTime))
		p.push(s, now, openid, message("text"), field{"Content", says}, field{"bizmsgmenuid", id})
		return nil
	})
}

// present runs what only a follower can do.
func (p *Platform) present(openid string, f func(*state, *user, time.Time) error) error {
	return p.act(openid, func(s *state, now time.Time) error {
		u := s.Users[openid]
		if u == nil {
			u = p.follow(s, now, openid, &scene{})
		}
		if !u.Following {
			return ErrNotFollowing
		}
		return f(s, u, now)
	})
}

func (p *Platform) act(openid string, f func(*state, time.Time) error) (err error) {
	if !goodName.MatchString(openid) {
		return errName
	}
	p.change(func(s *state, now time.Time) { err = f(s, now) })
	return err
}

// Books is what the platform knows of its own: for a checker of invariants.
type Books struct {
	Pushes  []Push         `json:"pushes"`
	People  []Person       `json:"people"`
	Refused map[string]int `json:"refused"` // calls, by path and code
	Tokens  int            `json:"tokens"`  // given out since the start
}

// Person is one line of the books.
type Person struct {
	OpenID    string         `json:"openid"`
	Following bool           `json:"following"`
	Left      int            `json:"left"` // messages that may still be sent, if the window is open
	Until     time.Time      `json:"until"`
	Received  map[string]int `json:"received"` // messages, by way and type
}

// Books returns a copy of the books.
func (p *Platform) Books() Books {
	p.tokens.mu.Lock()
	b := Books{Pushes: []Push{}, People: []Person{}, Refused: map[string]int{}, Tokens: p.tokens.fetched}
	p.tokens.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, push := range p.state.Pushes {
		b.Pushes = append(b.Pushes, *push)
	}
	for _, u := range p.state.Users {
		who := Person{OpenID: u.OpenID, Following: u.Following, Left: u.Left, Until: u.Until, Received: map[string]int{}}
		for _, item := range u.Inbox {
			who.Received[item.Via+" "+item.Type]++
		}
		b.People = append(b.People, who)
	}
	slices.SortFunc(b.People, func(x, y Person) int { return strings.Compare(x.OpenID, y.OpenID) })
	for key, n := range p.state.Refused {
		b.Refused[key] = n
	}
	return b
}
