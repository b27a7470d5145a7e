package desktest

// Codes that are read aloud: the part of [Accounts] about telephone calls.

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// aloud asks for a code that is to be read.
func aloud(t *testing.T, r Registry, talk desk.TalkID, ref string, at time.Time) (desk.Code, error) {
	return r.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeRegister, Aloud: true}, ref, at)
}

func callReadsMessage(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	sent := newCode(t, r, talk, "e1", Noon)
	_, err := aloud(t, r, talk, "e2", Noon.Add(20*time.Second))
	wantRefusal(t, err, "40秒")
	for range 3 {
		_, _ = r.CheckCode(t.Context(), talk, flows.PurposeRegister, wrong(sent), Noon)
	}
	called, err := aloud(t, r, talk, "e2", Noon.Add(time.Minute))
	if err != nil || called.Code != sent.Code || called.ID == sent.ID || called.Sent || called.Mobile != sent.Mobile {
		t.Fatalf("a call reads %+v, %v, want the digits of the message under an ID of its own", called, err)
	}
	_, err = aloud(t, r, talk, "e2", Noon.Add(time.Minute)) // the telephone may have rung
	wantRefusal(t, err, "可能没有打通")
	ended := Noon.Add(5 * time.Minute) // with the message
	if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, sent.Code, ended); !errors.Is(err, desk.ErrExpired) {
		t.Errorf("CheckCode after five minutes = %v, want ErrExpired: a call makes no code good for longer", err)
	}
	late := Noon.Add(4*time.Minute + 30*time.Second)
	if left, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, wrong(sent), late); left != 1 || !errors.Is(err, desk.ErrWrong) {
		t.Errorf("CheckCode(wrong) = %d, %v, want the tries of both counted", left, err)
	}
	if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, sent.Code, late); err != nil {
		t.Errorf("CheckCode = %v", err)
	}
}

func callReadsAnother(t *testing.T, r Registry) {
	for name, spend := range map[string]func(desk.TalkID, desk.Code){
		"too old": func(desk.TalkID, desk.Code) {},
		"tried": func(talk desk.TalkID, sent desk.Code) {
			for range 5 {
				_, _ = r.CheckCode(t.Context(), talk, flows.PurposeRegister, wrong(sent), Noon)
			}
		},
		"for another number": func(talk desk.TalkID, _ desk.Code) {
			Save(t, r, talk, "other", flows.RegisterAccount, "mobile", "13900139000")
		},
	} {
		talk := filled(t, r, "o"+name, name, fmt.Sprintf("138001380%02d", len(name)))
		sent := newCode(t, r, talk, "e1"+name, Noon)
		spend(talk, sent)
		at := Noon.Add(time.Minute)
		if name == "too old" {
			at = Noon.Add(3*time.Minute + time.Second) // less than is needed to type it
		}
		called, err := aloud(t, r, talk, "e2"+name, at)
		if err != nil || called.Code == sent.Code || !sixDigits.MatchString(called.Code.Reveal()) {
			t.Errorf("%s: a call reads the same digits: %v, %v, want others", name, called.Code == sent.Code, err)
		}
		if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, called.Code, at); err != nil {
			t.Errorf("%s: CheckCode = %v", name, err)
		}
	}
}

func twoCalls(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	newCode(t, r, talk, "e0", Noon)
	for n := range 2 {
		if _, err := aloud(t, r, talk, fmt.Sprint("c", n), Noon.Add(time.Duration(n+1)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	other := filled(t, r, "oB", "13900139000", "13800138000")
	_, err := aloud(t, r, other, "c2", Noon.Add(31*time.Minute))
	wantRefusal(t, err, "请在30分钟后再选")
	newCode(t, r, talk, "e1", Noon.Add(31*time.Minute)) // by SMS
	if _, err := aloud(t, r, other, "c2", Noon.Add(time.Hour+time.Minute)); err != nil {
		t.Errorf("an hour after the first call: %v", err)
	}
}

func noCallByNight(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	beijing := func(hour, minute int) time.Time { return time.Date(2026, 11, 25, hour, minute, 0, 0, flows.Beijing) }
	for n, at := range []time.Time{beijing(7, 59), beijing(22, 0), beijing(24, 30)} {
		_, err := aloud(t, r, talk, fmt.Sprint("night", n), at)
		wantRefusal(t, err, "明早8点")
	}
	newCode(t, r, talk, "sms", beijing(22, 5))
	for n, at := range []time.Time{beijing(24+8, 0), beijing(24+21, 59)} {
		if _, err := aloud(t, r, talk, fmt.Sprint("day", n), at); err != nil {
			t.Errorf("at %s: %v", at.Format(time.TimeOnly), err)
		}
	}
}
