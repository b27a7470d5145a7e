package flows

import (
	"strings"
	"testing"
)

// TestWhose names cases as somebody reads who may be a stranger to them.
func TestWhose(t *testing.T) {
	all := Form{
		KeyKind: Conceal(KindCompany), KeyName: Conceal("王小明"), KeyMobile: Conceal("13800138000"),
		KeyOrgName: Conceal("杭州某某科技有限公司"), KeyIDNumber: Conceal("11010519491231002X"),
	}
	for want, keys := range map[string][]Key{
		"刚开始的办理":                {KeyMobile, KeyName},
		"刚开始办的企业证书":             {KeyKind, KeyOrgName},
		"手机号 138****8000 的企业证书": {KeyKind, KeyMobile, KeyOrgName},
		"王**的企业证书":              {KeyKind, KeyMobile, KeyName, KeyOrgName, KeyIDNumber},
	} {
		f := Form{}
		for _, k := range keys {
			f[k] = all[k]
		}
		if got := Whose(f); got != want {
			t.Errorf("Whose of a case with %v = %q, want %q", keys, got, want)
		}
	}
}

// FuzzScene brings somebody in by any scene: one that means a case is looked up
// or refused, and is kept by nobody as the project that they came for.
func FuzzScene(f *testing.F) {
	for _, scene := range []string{"", "363", "join.BCDFGHJK", "join.", "join.bcdfghjk", "join.BCDFGHJKL", "join.BCDF-GHJK", "Join.BCDFGHJK", "join", "join.BCDFGHJK\n"} {
		f.Add(scene)
	}
	manual := Manual(testPhone)
	f.Fuzz(func(t *testing.T, scene string) {
		for _, c := range []Case{{}, {At: Welcome, Form: Form{}}, {At: PersonStart, Form: Form{KeyRegistered: Conceal("1")}}} {
			out := manual.Decide(c, Event{ID: "e", At: noon, Via: WeChat, What: Followed{Scene: scene}})
			if len(out.Replies) == 0 {
				t.Errorf("%q is not answered", scene)
			}
			kept, asked := "", 0
			for _, e := range out.Effects {
				switch x := e.(type) {
				case Save:
					kept += x.Form.Text(KeyScene)
				case FindJoin:
					asked++
					if !joinLetters.MatchString(x.Code.Reveal()) {
						t.Errorf("%q is looked up as %q", scene, x.Code.Reveal())
					}
				}
			}
			if means := strings.HasPrefix(scene, "join."); means && kept != "" || !means && (kept != scene || asked > 0) {
				t.Errorf("%q is kept as %q, and looked up %d times", scene, kept, asked)
			}
			if asked > 0 && c.Form.Has(KeyRegistered) {
				t.Errorf("%q is looked up for somebody with an account", scene)
			}
		}
	})
}
