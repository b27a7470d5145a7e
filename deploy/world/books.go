// What goes wrong on purpose, and what every partner has written down.

package world

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"certdesk/server/ca/catest"
)

// breakable are those whose faults can be ordered.
func (p *partners) breakable() map[string]func(name string, times int) error {
	return map[string]func(string, int) error{
		"wechat":  p.wechat.Fault,
		"alipay":  p.alipay.Fault,
		"courier": p.courier.Fault,
		"sms":     p.sms.Fault,
		"bank":    p.bank.Fault,
		"esign":   p.esign.Fault,
		"ca":      p.caFault,
	}
}

func (p *partners) caFault(name string, times int) error {
	fault := catest.Fault(strings.ReplaceAll(name, "-", " "))
	if !slices.Contains([]catest.Fault{catest.Down, catest.Error500, catest.Timeout, catest.LostAnswer}, fault) {
		return fmt.Errorf("world: the authority has no fault %q", name)
	}
	p.ca.Fail(fault, times)
	return nil
}

const maxFaults = 1000

func (p *partners) fault(_ *http.Request, q struct {
	Partner string
	Fault   string
	Times   *int
}) (any, error) {
	all := p.breakable()
	order, known := all[q.Partner]
	if !known {
		return nil, no(http.StatusBadRequest, "没有这个合作方，可以是："+strings.Join(slices.Sorted(maps.Keys(all)), "、"))
	}
	times := 1
	if q.Times != nil {
		times = *q.Times
	}
	if times < 0 || times > maxFaults {
		return nil, no(http.StatusBadRequest, "次数应在 0 到 1000 之间。")
	}
	name := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(q.Fault)), " ", "-")
	name = strings.ReplaceAll(name, "time-out", "timeout")
	return done, order(name, times)
}

// books are each partner's own records.
func (p *partners) books(*http.Request, none) (any, error) {
	all := map[string]any{}
	for name, part := range p.ledgers() {
		all[name] = part()
	}
	return all, nil
}

func (p *partners) ledgers() map[string]func() any {
	return map[string]func() any{
		"wechat":  func() any { return p.wechat.Books() },
		"alipay":  func() any { return p.alipay.Books() },
		"courier": func() any { return p.courier.Books() },
		"sms":     func() any { return p.sms.Books() },
		"bank":    func() any { return p.bank.Books() },
		"ca":      func() any { return p.ca.Books() },
	}
}
