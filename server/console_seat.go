package server

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"certdesk/flows"
	"certdesk/server/console"
	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// Who sits at the agents' desk. A seat is a sealed cookie: nobody can make or
// read one, and it needs no store; it ends by itself after a day's work.

const (
	consoleCookie = "certdesk_console"
	consolePath   = "/console"
	consolePlace  = "console seat"
	seatLife      = 12 * time.Hour

	doorCookie = "certdesk_door" // before the sign-in, for its form
	doorPath   = "/console/sign-in"

	signInsPerMinute = 5
)

// seat is one agent, signed in.
type seat struct {
	Name    string    `cbor:"1,keyasint"` // signs in
	Display string    `cbor:"2,keyasint"` // as applicants read it
	ID      string    `cbor:"3,keyasint"` // random; forms are tied to it
	Until   time.Time `cbor:"4,keyasint"`
	Role    Role      `cbor:"5,keyasint"`
}

// seatKey is where the seat of a request is kept while it is served.
type seatKey struct{}

func seatOf(x *fiber.Ctx) seat {
	s, _ := x.Locals(seatKey{}).(seat)
	return s
}

// signedIn lets through who has a seat, and leads everybody else to the door.
func (c *consoleHTTP) signedIn(x *fiber.Ctx) error {
	s, ok := c.seated(x.Cookies(consoleCookie))
	if !ok {
		return x.Redirect(doorPath, fiber.StatusSeeOther)
	}
	x.Locals(seatKey{}, s)
	return x.Next()
}

func (c *consoleHTTP) seated(cookie string) (seat, bool) {
	var s seat
	box, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || len(box) > 1024 || sealed.Decode(c.Keys, consolePlace, box, &s) != nil {
		return seat{}, false
	}
	return s, c.Now().Before(s.Until)
}

// token is what forms of a seat must carry.
func (c *consoleHTTP) token(s seat) string { return c.Keys.Blind("console form", s.ID) }

// same compares in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (c *consoleHTTP) signInPage(x *fiber.Ctx) error {
	if _, ok := c.seated(x.Cookies(consoleCookie)); ok {
		return x.Redirect("/console/", fiber.StatusSeeOther)
	}
	return c.door(x, fiber.StatusOK, console.SignIn{})
}

// door draws the sign-in page with a form of its own: a forged one could sign
// an agent in as somebody else.
func (c *consoleHTTP) door(x *fiber.Ctx, status int, v console.SignIn) error {
	id := rand.Text()
	x.Cookie(c.cookie(doorCookie, doorPath, id, c.Now().Add(seatLife)))
	v.Token = c.Keys.Blind("console door", id)
	return draw(x, status, v)
}

func (c *consoleHTTP) cookie(name, path, value string, until time.Time) *fiber.Cookie {
	return &fiber.Cookie{
		Name: name, Path: path, Value: value, Expires: until,
		HTTPOnly: true, Secure: c.Secure, SameSite: fiber.CookieSameSiteStrictMode,
	}
}

// signIn gives a seat for a name and its password. Tries are counted before
// the password is looked at, or many at once would all be looked at; a right
// one is not counted, because a whole office may share an address.
func (c *consoleHTTP) signIn(x *fiber.Ctx) error {
	door := x.Cookies(doorCookie)
	if door == "" || !same(x.FormValue("token"), c.Keys.Blind("console door", door)) {
		return c.door(x, fiber.StatusForbidden, console.SignIn{Why: "页面已经过期，请再登录一次。"})
	}
	v := console.SignIn{Name: clip(strings.TrimSpace(x.FormValue("name")), 64)}
	who, from, now := "name "+v.Name, "from "+strings.Clone(x.IP()), c.Now()
	if !c.tries.Allow(who, now) || !c.tries.Allow(from, now) {
		v.Why = "试得太多了，请一分钟后再登录。"
		return c.door(x, fiber.StatusTooManyRequests, v)
	}
	staff, err := c.Staff.VerifyStaff(x.UserContext(), v.Name, flows.Conceal(clip(x.FormValue("password"), 256)))
	if errors.Is(err, desk.ErrWrong) {
		c.Log.Warn("a sign-in to the agents' desk was refused")
		v.Why = "用户名或密码不对，请检查后再试。"
		return c.door(x, fiber.StatusUnauthorized, v)
	}
	if err != nil {
		return err
	}
	c.tries.forgive(who, from)
	c.Log.Info("an agent signed in", slog.String("agent", staff.Name))
	s := seat{Name: staff.Name, Display: staff.Display, ID: rand.Text(), Until: now.Add(seatLife), Role: staff.Role}
	box, err := sealed.Encode(c.Keys, consolePlace, s)
	if err != nil {
		return err
	}
	x.Cookie(c.cookie(consoleCookie, consolePath, base64.RawURLEncoding.EncodeToString(box), s.Until))
	return x.Redirect("/console/", fiber.StatusSeeOther)
}

func (c *consoleHTTP) signOut(x *fiber.Ctx) error {
	if !same(x.FormValue("token"), c.token(seatOf(x))) {
		return x.Status(fiber.StatusForbidden).SendString("页面已经过期，请刷新后再试。")
	}
	x.Cookie(c.cookie(consoleCookie, consolePath, "", time.Unix(1, 0)))
	return x.Redirect(doorPath, fiber.StatusSeeOther)
}

// forgive takes one try back from each.
func (l *limiter) forgive(who ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range who {
		l.counts[w] = max(0, l.counts[w]-1)
	}
}
