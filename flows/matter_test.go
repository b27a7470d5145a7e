package flows

import (
	"slices"
	"testing"
)

// TestEveryReportIsAboutSomething leaves no report of a new release without a
// matter by mistake.
func TestEveryReportIsAboutSomething(t *testing.T) {
	progress := []Kind{
		KindSaid, KindSent, KindFilled, KindFollowed, KindLeft, KindTaken, KindHanded, KindAgentSaid, KindUnheard, KindWaited,
		KindCodeSent, KindCodeRefused, KindRegistered, KindNotRegistered, KindPhoneChanged, KindPhoneRefused, KindAgentCalled,
		KindJoinReady, KindJoinFound, KindJoinRefused, KindJoined, KindJoinedBy, KindPictureRead, KindPhoneKnown,
	}
	for _, what := range happenings {
		if has := MatterOf(what) != MatterProgress; has == slices.Contains(progress, what.Kind()) {
			t.Errorf("%s: about %q", what.Kind(), MatterOf(what))
		}
	}
}
