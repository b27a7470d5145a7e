package ledger

import (
	"errors"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
)

// on makes the talk of an identity on a channel.
func on(t *testing.T, l books, channel flows.Channel, id string) desk.TalkID {
	t.Helper()
	talk, err := l.Talk(t.Context(), desk.Identity{Channel: channel, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return talk
}

func offers(t *testing.T, l books, talk desk.TalkID, event string, at time.Time) flows.Secret {
	t.Helper()
	ref := desktest.Ref(talk, event)
	for range 2 { // a job may run twice, and draws another code then
		code, err := desk.NewTicket()
		if err != nil {
			t.Fatal(err)
		}
		if err := l.OfferJoin(t.Context(), ref, flows.JoinReady{Code: code, Until: at.Add(flows.JoinWithin)}, at); err != nil {
			t.Fatal(err)
		}
	}
	ready, ok := desktest.Answer(t, l, ref).(flows.JoinReady)
	if !ok || !ready.Until.Equal(at.Add(flows.JoinWithin)) {
		t.Fatalf("OfferJoin told %+v", ready)
	}
	return ready.Code
}

func finds(t *testing.T, l books, talk desk.TalkID, event string, code flows.Secret, at time.Time) flows.Happening {
	t.Helper()
	ref := desktest.Ref(talk, event)
	for range 2 {
		if err := l.FindJoin(t.Context(), ref, code, at); err != nil {
			t.Fatal(err)
		}
	}
	return desktest.Answer(t, l, ref)
}

func joins(t *testing.T, l books, talk desk.TalkID, event string, code flows.Secret, at time.Time) flows.Happening {
	t.Helper()
	ref := desktest.Ref(talk, event)
	for range 2 { // a job may run twice
		if err := l.Join(t.Context(), ref, code, at); err != nil {
			t.Fatal(err)
		}
	}
	return desktest.Answer(t, l, ref)
}

func TestJoins(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := books{open(t)}
		chat, app := on(t, l, flows.WeChat, "o1"), on(t, l, flows.Alipay, "a1")
		desktest.Save(t, l, chat, "page", flows.RegisterAccount, string(flows.KeyMobile), "13800138000")
		old := offers(t, l, chat, "first", noon)
		code := offers(t, l, chat, "second", noon)
		refused := func(why string, talk desk.TalkID, event string, code flows.Secret, at time.Time) {
			t.Helper()
			want := flows.JoinRefused{Why: why}
			if found, joined := finds(t, l, talk, event+", found", code, at), joins(t, l, talk, event, code, at); found != want || joined != want {
				t.Errorf("%s: %+v, then %+v, want %q", event, found, joined, why)
			}
		}
		refused(flows.JoinUnknown, app, "replaced", old, noon)
		refused(flows.JoinUnknown, app, "none", flows.Conceal("BBBBBBBB"), noon)
		refused(flows.JoinUnknown, app, "late", code, noon.Add(flows.JoinWithin))
		refused(joinHere, chat, "own", code, noon)
		refused(joinTaken, on(t, l, flows.WeChat, "o2"), "another on the channel", code, noon)

		desktest.Save(t, l, chat, "kind", "kind", string(flows.KeyKind), flows.KindCompany)
		if got := finds(t, l, app, "found", code, noon); got != (flows.JoinFound{Code: code, Whose: "手机号 138****8000 的企业证书"}) {
			t.Errorf("the right code finds %+v", got)
		}
		if on(t, l, flows.Alipay, "a1") != app {
			t.Error("who only asked whose a code is has joined")
		}
		if got := joins(t, l, app, "good", flows.Conceal(" "+code.Reveal()), noon); got != (flows.Joined{}) {
			t.Fatalf("the right code told %+v, want Joined", got)
		}
		if got := on(t, l, flows.Alipay, "a1"); got != chat {
			t.Errorf("the identity is now of %s, want of %s", got, chat)
		}
		if f := desktest.Facts(t, l, app); !f.Moved {
			t.Error("the talk that was left does not know it")
		}
		if f := desktest.Facts(t, l, chat); f.Moved || f.Form.Text(flows.KeyMobile) != "13800138000" {
			t.Errorf("the case is now %+v", f)
		}
		all, err := l.Told(t.Context(), chat)
		if err != nil || all["joined/"+desktest.Ref(app, "good").String()+"/alipay"] != (flows.JoinedBy{Channel: flows.Alipay}) {
			t.Errorf("the case is told %+v, %v", all, err)
		}
		refused(flows.JoinUnknown, on(t, l, flows.Alipay, "a2"), "used", code, noon)
		refused(joinHere, chat, "used here", code, noon.Add(time.Hour))
		refused(joinTaken, on(t, l, flows.Alipay, "a2"), "a second on the channel", offers(t, l, chat, "third", noon), noon)
	})
}

// TestOfManyWhoJoinOneDoes has two identities say one code at once.
func TestOfManyWhoJoinOneDoes(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := books{open(t)}
		chat := on(t, l, flows.WeChat, "o1")
		code := offers(t, l, chat, "offer", noon)
		apps := []desk.TalkID{on(t, l, flows.Alipay, "a1"), on(t, l, flows.Alipay, "a2")}
		errs := desktest.Together(func(i int) error {
			return l.Join(t.Context(), desktest.Ref(apps[i%2], "join"), code, noon)
		})
		for _, err := range errs {
			if err != nil && !errors.Is(err, errTaken) {
				t.Error(err)
			}
		}
		joined := 0
		for _, app := range apps {
			if desktest.Facts(t, l, app).Moved {
				joined++
			}
		}
		if joined != 1 {
			t.Errorf("%d joined, want 1", joined)
		}
	})
}

// TestGuessingAtCodes says wrong codes, and then the right one, within an hour
// and after it.
func TestGuessingAtCodes(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := books{open(t)}
		chat, app := on(t, l, flows.WeChat, "o1"), on(t, l, flows.Alipay, "a1")
		for i := range joinsAnHour {
			event := string(rune('a' + i))
			desktest.Enter(t, l, app, event, flows.FindJoin{Code: flows.Conceal("BBBBBBBB")})
			if got := finds(t, l, app, event, flows.Conceal("BBBBBBBB"), noon); got != (flows.JoinRefused{Why: flows.JoinUnknown}) {
				t.Errorf("guess %d: %+v", i+1, got)
			}
		}
		code := offers(t, l, chat, "offer", noon)
		desktest.Enter(t, l, app, "once more", flows.FindJoin{Code: code})
		for _, got := range []flows.Happening{finds(t, l, app, "once more", code, noon), joins(t, l, app, "unasked", code, noon)} {
			if got != (flows.JoinRefused{Why: joinOften}) {
				t.Errorf("guess %d: %+v, want too many", joinsAnHour+1, got)
			}
		}
		later := noon.Add(time.Hour + time.Minute)
		code = offers(t, l, chat, "later", later)
		if got := joins(t, l, app, "later", code, later); got != (flows.Joined{}) {
			t.Errorf("an hour later: %+v, want Joined", got)
		}
	})
}

// TestCodesUsedCrosswise asks for a code at both ends and uses both, one after the
// other: whoever has gone on elsewhere is joined by nobody, also when the code
// was drawn before.
func TestCodesUsedCrosswise(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := books{open(t)}
		chat, app := on(t, l, flows.WeChat, "oOne"), on(t, l, flows.Alipay, "aOne")
		chats, apps := offers(t, l, chat, "offer", noon), offers(t, l, app, "offer", noon)
		if got := joins(t, l, chat, "join", apps, noon.Add(time.Minute)); got.Kind() != flows.KindJoined {
			t.Fatalf("Join told %#v", got)
		}
		stranger := on(t, l, flows.WeChat, "oTwo")
		for name, talk := range map[string]desk.TalkID{"the same applicant": app, "a stranger": stranger} {
			if got := joins(t, l, talk, "cross", chats, noon.Add(2*time.Minute)); got.Kind() != flows.KindJoinRefused {
				t.Errorf("%s joins a talk that was left: %#v", name, got)
			}
		}
		for id, channel := range map[string]flows.Channel{"oOne": flows.WeChat, "aOne": flows.Alipay} {
			facts, err := l.Facts(t.Context(), on(t, l, channel, id))
			if err != nil || facts.Moved {
				t.Errorf("%s is in a talk that was left: %v", id, err)
			}
		}
	})
}
