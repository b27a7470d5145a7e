package flows

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestByDay(t *testing.T) {
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, Beijing) }
	for _, tt := range []struct{ due, want time.Time }{
		{at(30, 21, 59), at(30, 21, 59)},
		{at(30, 22, 0), at(31, 8, 0)}, // the first of December
		{at(30, 23, 59), at(31, 8, 0)},
		{at(30, 0, 0), at(30, 8, 0)},
		{at(30, 7, 59), at(30, 8, 0)},
		{at(30, 8, 0), at(30, 8, 0)},
		{time.Date(2026, 11, 29, 23, 30, 0, 0, time.UTC), at(30, 8, 0)}, // half past seven in Beijing
	} {
		if got := ByDay(tt.due); !got.Equal(tt.want) {
			t.Errorf("ByDay(%s) = %s, want %s", tt.due.In(Beijing), got.In(Beijing), tt.want)
		}
	}
}

// TestWhoMovesOnIsNotReminded lets the reminder of a step ring after it was
// left.
func TestWhoMovesOnIsNotReminded(t *testing.T) {
	f := Manual(testPhone)
	m := &move{flow: f, event: Event{ID: "e1"}, c: Case{Form: Form{}}}
	m.enter(RegisterAccount)
	entry := m.c.Entry
	m.enter(PersonStart)
	m.c.Entry = "e2"
	out := f.Decide(m.c, Event{ID: "nudge1/" + entry, At: noon, Via: Within, What: Waited{Entry: entry, Nudge: 1}})
	if len(out.Replies) != 0 || len(out.Effects) != 0 {
		t.Errorf("a reminder of a step that was left says %v and asks for %v", out.Replies, out.Effects)
	}
}

// TestWhoComesBackIsToldWhereTheyStopped speaks before and after a day.
func TestWhoComesBackIsToldWhereTheyStopped(t *testing.T) {
	f := Manual(testPhone)
	begun := f.Decide(Case{At: PersonStart, Form: Form{}}, Event{ID: "e1", At: noon, Via: WeChat, What: Said{Text: "帮助"}}).Case
	for _, tt := range []struct {
		after time.Duration
		via   Channel
		what  Happening
		told  bool
	}{
		{awayFor - time.Minute, WeChat, Said{Text: "帮助"}, false},
		{awayFor, WeChat, Said{Text: "帮助"}, true},
		{awayFor, Alipay, Said{Text: "立即实名"}, true},
		{awayFor, WeChat, Said{Text: "到哪了"}, false}, // says it anyway
		{awayFor, Within, FaceNotYet{}, false},      // nobody came back
	} {
		out := f.Decide(begun, Event{ID: "e2", At: noon.Add(tt.after), Via: tt.via, What: tt.what})
		told := slices.ContainsFunc(out.Replies, func(r Reply) bool { return strings.HasPrefix(r.Text, "欢迎回来。上次办到“") })
		if told != tt.told {
			t.Errorf("%v after %s: %v, told %v, want %v", tt.what, tt.after, out.Replies, told, tt.told)
		}
	}
}

// TestWordsThatOnlyAPersonShouldAnswer looks at whom they bring.
func TestWordsThatOnlyAPersonShouldAnswer(t *testing.T) {
	f := Manual(testPhone)
	for text, why := range map[string]string{
		"我是不是被骗了": WhyFraud, "这不是我办的，身份证被冒用": WhyFraud, "再不办好我要投诉！": WhyDistress, "打12315": WhyDistress,
		"骗人的话不会说": "", "我要修改": "",
	} {
		out := f.Decide(Case{At: PersonStart, Form: Form{}}, Event{ID: "e1", At: noon, Via: WeChat, What: Said{Text: text}})
		got := ""
		for _, e := range out.Effects {
			if call, ok := e.(CallAgent); ok {
				got = call.Why
			}
		}
		if got != why || (why != "") != (out.Case.Owner.Kind == OwnerQueue) {
			t.Errorf("%q calls an agent because of %q, want %q", text, got, why)
		}
	}
}
