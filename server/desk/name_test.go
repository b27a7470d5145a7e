package desk_test

import (
	"errors"
	"testing"

	"certdesk/flows"
	"certdesk/server/desk"
)

// TestANameThatTheRegisterDoesNotHave is told of once, and holds nobody up.
func TestANameThatTheRegisterDoesNotHave(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.handlerProved()
	h.until("a look-up", func() bool { return h.town.lookUps() == 1 })
	h.town.misnames()
	codes := func(code string) {
		h.says("修改企业信息")
		h.fills(form("uscc", code))
	}
	codes("330106000012340")
	h.reaches(flows.CompanyDiffers)
	h.says("确认无误，继续")
	h.reaches(flows.CompanyMethod)
	for _, code := range []string{"91330106MA0000015K", "330106000012340", "913301087458306077"} {
		codes(code)
		if at := h.talk().Case.At; at != flows.CompanyMethod && at != flows.CompanyDiffers {
			t.Fatalf("with %s the talk is at %s", code, at)
		}
	}
	h.until("the third name", func() bool { return h.town.lookUps() == 3 })
	h.reaches(flows.CompanyDiffers)
}

// TestNobodyIsAskedForAName where there is no register: the effect is done, and
// nothing is noted.
func TestNobodyIsAskedForAName(t *testing.T) {
	h := newHouse(t)
	cfg := h.config(h.now, h.store, h.book)
	cfg.Partners.Register = nil
	ref := desk.Ref{Talk: h.id(), Event: "e", Index: 1}
	org := form("org", "杭州某某信息科技有限公司", "uscc", "91330106MA0000015K")
	err := h.book.Enter(t.Context(), []desk.Pending{
		{Ref: desk.Ref{Talk: h.id(), Event: "e"}, Effect: flows.Save{Page: "company.page", Form: org}, At: h.now()},
		{Ref: ref, Effect: flows.CompareName{}, At: h.now()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.New(cfg).Perform(t.Context(), ref); err != nil {
		t.Errorf("Perform = %v", err)
	}
	if _, err := h.book.Effect(t.Context(), ref); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("the effect is not done: %v", err)
	}
	if may, err := h.book.MayLookUp(t.Context(), h.id(), org.Organisation(), h.now()); !may || err != nil {
		t.Errorf("MayLookUp = %v, %v, want that nothing was noted", may, err)
	}
}
