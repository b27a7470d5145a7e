package flows

import (
	"strings"
	"testing"
	"time"
)

func TestCreditWhyNot(t *testing.T) {
	until := time.Date(2026, 11, 30, 10, 0, 0, 0, Beijing)
	org := Conceal("杭州甲（浙江）科技有限公司")
	good := Credit{At: until.Add(-time.Hour), Amount: 1, Currency: "CNY", Payer: Conceal("杭州甲(浙江) 科技有限公司")}
	for _, tt := range []struct {
		name   string
		change func(*Credit)
		want   []string // in the words; none when it counts
	}{
		{"its own cent counts", func(*Credit) {}, nil},
		{"two fen do not", func(c *Credit) { c.Amount = 2 }, []string{"0.02 元", "正好是 0.01 元", "杭州甲（浙江）科技有限公司", "不退还"}},
		{"no money at all does not", func(c *Credit) { c.Amount = 0 }, []string{"正好是 0.01 元"}},
		{"another currency does not", func(c *Credit) { c.Currency = "HKD" }, []string{"0.01 外币", "人民币"}},
		{"another company does not, and is masked", func(c *Credit) { c.Payer = Conceal("宁波乙贸易有限公司") }, []string{"“宁***司”", "自己的对公账户"}},
		{"a shortened name does not", func(c *Credit) { c.Payer = Conceal("杭州甲科技") }, []string{"名称不一致"}},
		{"a payer without a name does not", func(c *Credit) { c.Payer = Secret{} }, []string{"未知账户"}},
		{"the moment of closing is too late", func(c *Credit) { c.At = until }, []string{"已过期", "重新获取账户"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good
			tt.change(&c)
			got := c.WhyNot(org, until)
			if (got == "") != (tt.want == nil) {
				t.Fatalf("WhyNot = %q, want words with %q", got, tt.want)
			}
			for _, words := range tt.want {
				if !strings.Contains(got, words) {
					t.Errorf("WhyNot = %q, without %q", got, words)
				}
			}
			if strings.Contains(got, "宁波乙贸易") {
				t.Errorf("WhyNot = %q shows another party's name", got)
			}
		})
	}
}

func TestCreditFits(t *testing.T) {
	since := time.Date(2026, 11, 23, 10, 0, 0, 0, Beijing)
	org := Conceal("杭州甲科技有限公司")
	waits := Awaited{Org: org, Since: since, Until: since.AddDate(0, 0, 7)}
	for _, tt := range []struct {
		name   string
		change func(*Credit)
		want   bool
	}{
		{"its own cent", func(*Credit) {}, true},
		{"a day without an hour", func(c *Credit) { c.At = time.Date(2026, 11, 23, 0, 0, 0, 0, Beijing) }, true},
		{"money from before it was asked for", func(c *Credit) { c.At = since.AddDate(0, 0, -1) }, false},
		{"money that came too late", func(c *Credit) { c.At = waits.Until }, false},
		{"another amount", func(c *Credit) { c.Amount = 2 }, false},
		{"another payer", func(c *Credit) { c.Payer = Conceal("宁波乙贸易有限公司") }, false},
		{"a payer without a name", func(c *Credit) { c.Payer = Secret{} }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Credit{At: since.Add(time.Hour), Amount: 1, Currency: "CNY", Payer: org}
			tt.change(&c)
			if got := c.Fits(waits); got != tt.want {
				t.Errorf("Fits = %t, want %t", got, tt.want)
			}
		})
	}
}

func TestCreditAgainstAnother(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, Beijing)
	known := Credit{Ref: "R1", At: noon, Amount: 1, Currency: "CNY", To: "6001000042", Payer: Conceal("杭州甲（浙江）有限公司")}
	for _, tt := range []struct {
		name              string
		change            func(*Credit)
		alike, contradict bool
	}{
		{"under another reference, account and hour", func(c *Credit) { c.Ref, c.To, c.At = "9", "6001", noon.Add(-12*time.Hour) }, true, false},
		{"the name in other brackets", func(c *Credit) { c.Payer = Conceal("杭州甲(浙江) 有限公司") }, true, false},
		{"the next day", func(c *Credit) { c.At = noon.Add(12 * time.Hour) }, false, false},
		{"without the payer", func(c *Credit) { c.Payer = Secret{} }, false, false},
		{"another payer", func(c *Credit) { c.Payer = Conceal("乙公司") }, false, true},
		{"another amount", func(c *Credit) { c.Amount = 100 }, false, true},
		{"another currency", func(c *Credit) { c.Currency = "USD" }, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := known
			tt.change(&c)
			if got := c.Likeness() == known.Likeness(); got != tt.alike {
				t.Errorf("alike: %t, want %t", got, tt.alike)
			}
			if got, back := c.Contradicts(known), known.Contradicts(c); got != tt.contradict || back != tt.contradict {
				t.Errorf("Contradicts = %t and %t, want %t", got, back, tt.contradict)
			}
		})
	}
}

func TestScanLine(t *testing.T) {
	at := time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		scan Scan
		want string
	}{
		{Scan{At: at, Place: "杭州市", Remark: "已收取快件"}, "11月24日 09:30 杭州市 已收取快件"},
		{Scan{At: at, Remark: "已签收"}, "11月24日 09:30 已签收"},
	} {
		if got := tt.scan.Line(); got != tt.want {
			t.Errorf("Line = %q, want %q", got, tt.want)
		}
	}
}
