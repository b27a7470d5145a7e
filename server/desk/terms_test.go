package desk_test

import (
	"maps"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// TestANewTextIsAgreedToInTheMiddle has somebody wait at a code for their face
// who agreed to the text of an earlier release: they are asked again, and lose
// nothing that they typed. Who agreed to the present text is not asked.
func TestANewTextIsAgreedToInTheMiddle(t *testing.T) {
	for what, before := range map[string]struct {
		version string
		want    flows.State
	}{
		"an older text":    {"2020-01-01", flows.PersonStart},
		"the present text": {"", flows.PersonScan},
	} {
		t.Run(what, func(t *testing.T) {
			h := newHouse(t)
			h.work(h.desk)
			h.registers()
			h.says("立即实名")
			h.says("同意")
			h.fills(form("name", "王小明", "id", "11010519491231002X"))
			h.reaches(flows.PersonScan)
			if before.version != "" {
				at := time.Now().Add(time.Minute) // the last word counts
				old := flows.Agree{Document: "face", Version: before.version, Via: flows.WeChat, At: at}
				if err := h.book.Enter(t.Context(), []desk.Pending{{Ref: desk.Ref{Talk: h.id(), Event: "old"}, Effect: old, At: at}}); err != nil {
					t.Fatal(err)
				}
			}
			was, err := h.store.Load(t.Context(), h.id())
			if err != nil {
				t.Fatal(err)
			}
			if before.version != "" {
				led := was
				led.Case.Form = maps.Clone(was.Case.Form)
				led.Case.Form["agreed-face"] = flows.Conceal("2020-01-02 10:00|" + before.version)
				if _, _, err := h.store.Commit(t.Context(), desk.Commit{Talk: led, Was: was.Revision, Event: h.event(flows.Said{Text: "旧"})}); err != nil {
					t.Fatal(err)
				}
			}
			h.desk = h.newDesk(h.store, h.book)
			if said := h.says("1"); before.version != "" && (said.At != before.want || said.At == flows.PersonConsent) {
				t.Errorf("a number that was typed for the code leads to %s", said.At)
			}
			h.says("到哪了")
			h.reaches(before.want)
			if f := h.talk().Case.Form; f.Text(flows.KeyName) != "王小明" || !f.Has(flows.KeyIDNumber) {
				t.Error("what was typed is lost")
			}
		})
	}
}
