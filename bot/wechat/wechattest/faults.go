// What can go wrong on purpose.

package wechattest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// The faults. The first five befall pushes, the others calls.
const (
	Duplicate      = "duplicate"       // the same push twice at the same time
	Delay          = "delay"           // the push leaves two deadlines late
	Drop           = "drop"            // the answer is lost, so the push is repeated
	Reorder        = "reorder"         // the person's next push overtakes this one
	WrongSignature = "wrong-signature" // a forged copy goes before
	ServerError    = "500"             // the call is answered with HTTP 500 and not done
	TimeOut        = "timeout"         // the call is done, but its answer never comes
	Busy           = "busy"            // the call is answered -1
	StaleToken     = "stale-token"     // the call is answered 40001
	Sandbox        = "sandbox"         // a menu is answered 40200, as for an account of the sandbox
	Blocked        = "blocked"         // a template message is taken and does not reach the person, who blocks them
	Snapshot       = "snapshot"        // the browser shows a snapshot, whose user WeChat makes up
)

var knownFaults = []string{Duplicate, Delay, Drop, Reorder, WrongSignature, ServerError, TimeOut, Busy, StaleToken, Sandbox, Blocked, Snapshot}

// faults counts how often each is still to happen.
type faults struct {
	mu   sync.Mutex
	left map[string]int
}

func newFaults() *faults { return &faults{left: map[string]int{}} }

// Fault makes the next pushes or calls go wrong, this many times. The name is
// one of the constants; blanks in it are hyphens, and "time-out" is "timeout".
func (p *Platform) Fault(name string, times int) error {
	name = strings.ReplaceAll(strings.ToLower(name), " ", "-")
	name = strings.ReplaceAll(name, "time-out", TimeOut)
	if !slices.Contains(knownFaults, name) {
		return fmt.Errorf("wechattest: no fault %q, there are %s", name, strings.Join(knownFaults, ", "))
	}
	p.faults.mu.Lock()
	defer p.faults.mu.Unlock()
	p.faults.left[name] = times
	return nil
}

// take reports whether the fault happens now.
func (f *faults) take(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left[name] <= 0 {
		return false
	}
	f.left[name]--
	return true
}
