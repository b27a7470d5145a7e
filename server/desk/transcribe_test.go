package desk

import (
	"strings"
	"testing"

	"certdesk/flows"
)

func TestATranscriptMasksWhatOpensDoors(t *testing.T) {
	_, _, said := heard(flows.Case{}, flows.Said{Text: "我的身份证11010519491231002X，卡号6222 6002 6000 1072 444"})
	for _, digits := range []string{"11010519491231002X", "19491231", "6222 6002"} {
		if strings.Contains(said, digits) {
			t.Errorf("the transcript keeps %s: %s", digits, said)
		}
	}
	if got := spoken(flows.Reply{Text: "激活码：MDSH-CTTM，急事请拨打 400-0878-198"}); strings.Contains(got, "MDSH") || !strings.Contains(got, "400-0878-198") {
		t.Errorf("spoken = %q, want the code hidden and the telephone shown", got)
	}
}
