package flows

import "testing"

func TestSmallAmounts(t *testing.T) {
	for text, want := range map[string]string{
		"0.35": "0.35", ".35": "0.35", "0.5": "0.50", "0.05": "0.05", "０．３５": "0.35", "0．35": "0.35", " 0.35 元 ": "0.35", "¥0.35": "0.35", "￥0.35": "0.35",
		"0.35块钱": "0.35", "五毛": "0.50", "5毛": "0.50", "五角": "0.50", "三角五分": "0.35", "3角5分": "0.35", "三毛五": "0.35", "35分": "0.35", "5分": "0.05", "五分钱": "0.05",
		"三十五分": "0.35", "十五分": "0.15", "三十分": "0.30", "零点三五元": "0.35", "伍角": "0.50", "叁角伍分": "0.35", "零点五": "0.50", "半块": "0.50", "1": "", "1.00": "", "0": "", "0.00": "", "0.355": "", "35": "", "-0.35": "", "0.3e1": "",
		"": "", "五毛五毛": "", "100分": "", "毛": "", "三角十五分": "", "一元": "", "abc": "",
	} {
		got, err := readSmallAmount(text, noon)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("readSmallAmount(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestPastedAmounts(t *testing.T) {
	for text, want := range map[string]string{
		"0.35": "0.35", "收到了0.35元": "0.35", "金额是：三角五分。": "0.35", "财务查到金额是五毛": "0.50",
		"还没有收到": "", "什么时候到账": "", "0.35元还是0.36元": "", "1.35": "", "人工": "", "我们的账号是3300": "",
	} {
		if got := pastedAmount(text, noon).Text(KeyAmount); got != want {
			t.Errorf("pastedAmount(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestHeadBanks(t *testing.T) {
	for text, want := range map[string]string{
		"建行": "中国建设银行", "中国建设银行": "中国建设银行", " 工商银行 ": "中国工商银行", "杭州银行": "杭州银行", "建": "", "ABC": "",
	} {
		if got, err := readHeadBank(text, noon); got != want || (err == nil) != (want != "") {
			t.Errorf("readHeadBank(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
}

func FuzzSmallAmount(f *testing.F) {
	f.Add("三角五分")
	f.Add("0.35元")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readSmallAmount(text, noon)
		if err != nil {
			return
		}
		if fen, err := ParseFen(got); err != nil || fen < 1 || fen > 99 {
			t.Errorf("readSmallAmount(%q) = %q, %v", text, got, err)
		}
	})
}
