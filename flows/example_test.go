package flows_test

import (
	"fmt"
	"time"

	"certdesk/flows"
)

// One event at a time: the case goes in, the outcome comes out, and nothing has
// happened yet.
func ExampleFlow_Decide() {
	manual := flows.Manual("400-000-0000")
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, flows.Beijing)
	out := manual.Decide(flows.Case{}, flows.Event{ID: "m1", At: noon, Via: flows.WeChat, What: flows.Said{Text: "你好"}})
	out = manual.Decide(out.Case, flows.Event{ID: "m2", At: noon, Via: flows.WeChat, What: flows.Said{Text: "1"}})
	for _, line := range out.Script() {
		fmt.Println(line)
	}
	// Output:
	// < 您即将注册的账号为机构账号，请知悉。如果是给自己办，请改办个人证书。
	// <   认证单位有几种方式，不确定哪种最快，请点“先帮我选”，回答几个短问题，半分钟。
	// <   [我知道了|先帮我选|改办个人证书]
	// * save kind: kind
	// * wait 24h0m0s for reminder 1
	// = register.notice (“企业证书” / an organisation applies)
}

// All that is left of an applicant is what the ledger knows.
func ExampleFlow_Resume() {
	manual := flows.Manual("400-000-0000")
	facts := flows.Facts{Begun: true, Registered: true, PersonVerified: true, Ordered: true, Paid: true}
	c, effects := manual.Resume(facts, flows.Event{ID: "m1"})
	fmt.Println(c.At, effects)
	// Output: delivery.packing [{} {m1 72h0m0s false 0}]
}

func ExampleSecret() {
	id := flows.Conceal("11010519491231002X")
	fmt.Printf("%v %+v %s\n", id, flows.Form{flows.KeyIDNumber: id}, flows.MaskMobile("13800138000"))
	// Output: *** map[id:***] 138****8000
}
