package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"certdesk/server/sealed"
)

// Signing in to the agents' desk, and who is let through.

func TestWithoutASeatEverythingLeadsToTheDoor(t *testing.T) {
	s := setUp(t)
	other := setUp(t).sit(t, "zhang").cookie // sealed with other keys
	for _, at := range []string{"GET /console/", "GET /console", "GET /console/talks/" + string(talkOne), "GET /console/stream",
		"POST /console/talks/" + string(talkOne) + "/take", "POST /console/sign-out"} {
		method, path, _ := strings.Cut(at, " ")
		for _, cookies := range [][]*http.Cookie{nil, {other}, {{Name: consoleCookie, Value: "AAAA"}}} {
			got := s.ask(t, method, path, url.Values{}, nil, cookies...)
			if got.status != fiber.StatusSeeOther || got.header.Get("Location") != "/console/sign-in" {
				t.Errorf("%s with %v = %d to %q, want the sign-in page", at, cookies, got.status, got.header.Get("Location"))
			}
		}
	}
	if len(s.events) != 0 {
		t.Errorf("%d events were handled without a seat", len(s.events))
	}
}

func TestASeatIsKeptFromScriptsAndEndsAfterADay(t *testing.T) {
	s := setUp(t)
	b := s.sit(t, "zhang")
	c := b.cookie
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/console" {
		t.Errorf("cookie = %v, want HttpOnly, Secure, SameSite=Strict below /console", c)
	}
	if strings.Contains(c.Value, "zhang") {
		t.Error("the cookie can be read")
	}
	if got := b.get(t, "/console/"); got.status != 200 || !strings.Contains(got.body, "张三") {
		t.Errorf("the desk = %d, want it with the agent's name", got.status)
	}
	s.wait(seatLife)
	if got := b.get(t, "/console/"); got.status != fiber.StatusSeeOther {
		t.Errorf("after %v the desk answers %d, want the door", seatLife, got.status)
	}
}

func TestWrongPasswordIsSaidAndLimited(t *testing.T) {
	s := setUp(t)
	for range signInsPerMinute {
		got := s.tryToSignIn(t, "zhang", "guess-1")
		if got.status != fiber.StatusUnauthorized || !strings.Contains(got.body, "用户名或密码不对") || !strings.Contains(got.body, `value="zhang"`) {
			t.Fatalf("wrong password = %d %q", got.status, got.body)
		}
		if strings.Contains(got.body, "guess-1") {
			t.Fatal("the password is sent back")
		}
	}
	if got := s.tryToSignIn(t, "zhang", "open-zhang"); got.status != fiber.StatusTooManyRequests {
		t.Errorf("the sixth try = %d, want 429 even with the right password", got.status)
	}
	if got := s.tryToSignIn(t, "li", "open-li"); got.status != fiber.StatusTooManyRequests {
		t.Errorf("another name from that address = %d, want 429", got.status)
	}
	s.wait(time.Minute + time.Second)
	s.sit(t, "zhang")
}

func TestRightPasswordsAreNotCounted(t *testing.T) {
	s := setUp(t)
	for range 3 * signInsPerMinute {
		s.sit(t, "zhang")
	}
}

func TestSignOutTakesTheSeat(t *testing.T) {
	b := setUp(t).sit(t, "zhang")
	got := b.ask(t, "POST", "/console/sign-out", url.Values{"token": {b.token}}, nil, b.cookie)
	if got.status != fiber.StatusSeeOther || len(got.sealed) != 1 || got.sealed[0].Value != "" || got.sealed[0].Expires.After(time.Now()) {
		t.Errorf("sign-out = %d with cookies %v, want the seat's emptied", got.status, got.sealed)
	}
}

func FuzzSeat(f *testing.F) {
	keys, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		f.Fatal(err)
	}
	c := newConsole(consoleConfig{Keys: keys, Now: time.Now})
	f.Add("")
	f.Add("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA")
	f.Fuzz(func(t *testing.T, cookie string) {
		if s, ok := c.seated(cookie); ok {
			t.Errorf("%q is a seat of %q", cookie, s.Name)
		}
	})
}
