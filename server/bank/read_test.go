package bank_test

// Files as banks give them are in testdata; files as nobody should give them
// are made here.

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"certdesk/server/bank"
)

const ours = "33001616781053000001"

// shown reads a file and writes out its credits.
func shown(t *testing.T, file io.Reader) (lines []string, s bank.Statement) {
	t.Helper()
	s, err := bank.Read(file, ours)
	if err != nil {
		t.Fatalf("Read = %v (%s)", err, bank.Words(err))
	}
	for _, c := range s.Credits {
		lines = append(lines, show(c))
	}
	return lines, s
}

func TestReadFilesOfBanks(t *testing.T) {
	for _, tt := range []struct {
		file     string
		want     []string // "#" stands for a reference that we made
		reversed int
	}{
		{file: "ccb.csv", want: []string{
			`8801-33010126112300001 2026-11-23T02:22:21Z 0.01 CNY to 33001616781053000001042137 by "杭州甲（浙江）科技有限公司" 1202022719900000001: "实名认证"`,
			`8801-33010126112400001 2026-11-24T01:00:00Z 12888.00 CNY to 33001616781053000001 by "𠮷田贸易（杭州）有限公司" 8888888548802022: "货款 订单 CA0000000001"`,
		}},
		{file: "spdb.csv", want: []string{
			`# 2026-11-23T16:00:00Z 88.00 CNY to 33001616781053000001 by "宁波乙贸易有限公司" 574900000000002: "货款"`,
			`# 2026-11-22T16:00:00Z 88.00 CNY to 33001616781053000001 by "宁波乙贸易有限公司" 574900000000002: "货款"`,
			`# 2026-11-22T16:00:00Z 88.00 CNY to 33001616781053000001 by "宁波乙贸易有限公司" 574900000000002: "货款"`,
			`# 2026-11-22T16:00:00Z 0.01 CNY to 33001616781053000001 by "杭州甲(浙江)科技有限公司" 1202022719900000001: "实名"`,
		}},
		{file: "boc.csv", reversed: 1, want: []string{
			`B2611230001 2026-11-23T02:22:21Z 0.01 CNY to 33001616781053000001042137 by "杭州甲（浙江）科技有限公司" 1202022719900000001: "实名"`,
			`B2611240001 2026-11-24T01:00:00Z 0.01 HKD to 33001616781053000001 by "HONG KONG TRADING LTD" 012875000001: ""`,
		}},
		{file: "tabs.csv", want: []string{
			`# 2026-11-23T02:22:21Z 0.01 CNY to 33001616781053000001 by "杭州甲（浙江）科技有限公司" 1202022719900000001: "实名, 一分钱"`,
		}},
		{file: "bocom.xlsx", want: []string{
			`J0001 2026-11-23T02:22:21Z 0.01 CNY to 33001616781053000001 by "杭州甲（浙江）科技有限公司" 1202022719900000001: "实名"`,
			`J0002 2026-11-24T01:00:00Z 12888.00 CNY to 33001616781053000001 by "𠮷田贸易（杭州）有限公司" 8888888548802022: "货款"`,
			`J0003 2026-11-24T01:30:00Z 0.30 CNY to 33001616781053000001 by "宁波乙贸易有限公司" 574900000000002: ""`,
		}},
		{file: "camt053.xml", reversed: 1, want: []string{
			`8801-33010126112300001 2026-11-23T02:22:21Z 0.01 CNY to 33001616781053000001042137 by "杭州甲（浙江）科技有限公司" 1202022719900000001: "实名认证"`,
		}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			file, err := os.Open("testdata/" + tt.file)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			got, s := shown(t, file)
			if len(got) != len(tt.want) || s.Reversed != tt.reversed || len(s.Digest) != 64 {
				t.Fatalf("Read = %d lines, %d reversed, %s, want %d and %d:\n%s", len(got), s.Reversed, s.Digest, len(tt.want), tt.reversed, strings.Join(got, "\n"))
			}
			refs := map[string]bool{}
			for i, line := range got {
				ref, rest, _ := strings.Cut(line, " ")
				if refs[ref] {
					t.Errorf("two lines are called %s", ref)
				}
				refs[ref] = true
				if strings.HasPrefix(tt.want[i], "# ") {
					line = "# " + rest
				}
				if line != tt.want[i] {
					t.Errorf("line %d is\n%s, want\n%s", i, line, tt.want[i])
				}
			}
		})
	}
}

const head = "交易日期,贷方金额,借方金额,对方户名,对方账号,摘要\n"

// TestTheOrderOfLinesIsNoMatter shows one day in both orders, and a part of it: lines
// without a reference keep the one that we made, and twins stay two.
func TestTheOrderOfLinesIsNoMatter(t *testing.T) {
	lines := []string{"20261123,88.00,,乙,2,货款\n", "20261123,0.01,,甲,1,实名\n", "20261123,88.00,,乙,2,货款\n", "20261124,5.00,,丙,3,\n"}
	refs := func(lines []string) []string {
		_, s := shown(t, strings.NewReader(head+strings.Join(lines, "")))
		var refs []string
		for _, c := range s.Credits {
			refs = append(refs, c.Ref)
		}
		slices.Sort(refs)
		return refs
	}
	forward := refs(lines)
	slices.Reverse(lines)
	backward := refs(lines)
	if !slices.Equal(forward, backward) || len(slices.Compact(forward)) != 4 {
		t.Errorf("references are %v, and %v in the other order; want four, the same", forward, backward)
	}
	for _, ref := range refs(lines[2:]) {
		if !slices.Contains(backward, ref) {
			t.Errorf("%s, from a part of the day, is not in the whole of it", ref)
		}
	}
}

func TestReadEncodings(t *testing.T) {
	text := head + "20261123,0.01,,𠮷田（杭州）有限公司,1,\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := shown(t, strings.NewReader(text))
	for name, file := range map[string]string{
		"GB18030": gb, "with a mark": "\xEF\xBB\xBF" + text, "with carriage returns": strings.ReplaceAll(text, "\n", "\r\n"), "without a last line break": strings.TrimSpace(text),
	} {
		if got, _ := shown(t, strings.NewReader(file)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestReadTables has one table with the one thing that matters.
func TestReadTables(t *testing.T) {
	const way = "日期,金额,借贷标志,对方户名\n"
	for _, tt := range []struct {
		name, text string
		want       []string // amounts with their currency
	}{
		{"no lines", head, nil},
		{"what went out", head + "20261123,,1.00,甲,1,\n20261123,0.00,1.00,甲,1,\n", nil},
		{"thousands", head + "20261123,\"1,234,567.80\",,甲,1,\n", []string{"1234567.80 CNY"}},
		{"signs of money", head + "20261123,￥1.5,-,甲,1,\n20261123,+2,,甲,1,\n", []string{"1.50 CNY", "2.00 CNY"}},
		{"wide digits", head + "２０２６１１２３,１.００,,甲,1,\n", []string{"1.00 CNY"}},
		{"a payment that was taken back", head + "20261123,-1.00,,甲,1,冲正\n", nil},
		{"by the word for the direction", way + "20261123,1.00,贷,甲\n20261123,2.00,借,甲\n", []string{"1.00 CNY"}},
		{"names on each page", head + "20261123,1.00,,甲,1,\n" + head + "20261124,2.00,,甲,1,\n合计,3.00,,,,\n", []string{"1.00 CNY", "2.00 CNY"}},
		{"another currency in the title", "币种：美元\n" + head + "20261123,1.00,,甲,1,\n", []string{"1.00 USD"}},
		{"a currency nobody knows", "日期,收入,对方户名,币种\n20261123,1.00,甲,金条\n", []string{"1.00 XXX"}},
		{"a short row", head + "20261123,1.00\n", []string{"1.00 CNY"}},
		{"a payer with commas and quotes", head + "20261123,1.00,,\"甲,\"\"乙\"\"\",1,\n", []string{"1.00 CNY"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, s := shown(t, strings.NewReader(tt.text))
			var got []string
			for _, c := range s.Credits {
				got = append(got, c.Amount.String()+" "+c.Currency)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("amounts are %v, want %v", got, tt.want)
			}
		})
	}
}

// zipped makes a zip of one part.
func zipped(t *testing.T, name string, write func(io.Writer)) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	write(w)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bomb becomes 20 MB.
func bomb(w io.Writer) {
	for range 20 {
		_, _ = w.Write(make([]byte, 1<<20))
	}
}

// lying is a bomb whose headers say that it becomes a few bytes.
func lying(t *testing.T) string {
	whole := []byte(workbook(t, map[string]any{"A1": strings.Repeat("长", 100_000)}))
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range z.File {
		head := f.FileHeader
		head.Flags &^= 8 // no second header after the part
		if strings.Contains(f.Name, "sharedStrings") {
			head.UncompressedSize64 = 10
		}
		raw, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		w, err := out.CreateRaw(&head)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(w, raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// workbook makes a workbook of some cells.
func workbook(t *testing.T, cells map[string]any) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for at, value := range cells {
		if err := f.SetCellValue("Sheet1", at, value); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// entities is a document that would become gigabytes if they were followed.
func entities() string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa"><!ENTITY file SYSTEM "file:///etc/passwd">`)
	for c := 'b'; c <= 'j'; c++ {
		fmt.Fprintf(&b, `<!ENTITY %c "%s">`, c, strings.Repeat("&"+string(c-1)+";", 10))
	}
	b.WriteString("]>")
	return b.String()
}

func TestReadRefuses(t *testing.T) {
	good := doc("08", line{}.String())
	for _, tt := range []struct{ name, text, words string }{
		{"nothing", "", "空的"},
		{"blanks", " \r\n\n", "空的"},
		{"too long", strings.Repeat(" ", bank.MaxFile+1), "太大"},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00\xff", "编码"},
		{"text of another encoding", "\xff\xfe\x4e\x00", "编码"},
		{"a page that says to sign in again", "<html><body>请重新登录</body></html>", "读不懂"},
		{"prose", "今天的流水\n没有\n", "表头"},
		{"a workbook of the old kind", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "旧版"},
		{"a zip that is no workbook", zipped(t, "a.txt", func(w io.Writer) { _, _ = w.Write([]byte("a")) }), "打不开"},
		{"a zip that is cut off", zipped(t, "a.txt", bomb)[:100], "打不开"},
		{"a zip bomb", zipped(t, "xl/worksheets/sheet1.xml", bomb), "解压后太大"},
		{"a workbook that lies about its size", lying(t), "打不开"},
		{"a workbook with a row far down", workbook(t, map[string]any{"A1": "交易日期", "B1": "收入", "C1": "对方户名", "A100001": "x"}), "行数太多"},
		{"a workbook with a column far out", workbook(t, map[string]any{"A1": "x", "XFD2": "x"}), "第 2 行：列数太多"},
		{"a workbook without lines", workbook(t, map[string]any{"A1": "x"}), "表头"},
		{"entities in a document", entities() + doc("08", line{ref: "<AcctSvcrRef>&j;&file;</AcctSvcrRef>"}.String()), "读不懂"},
		{"a document a mile deep", strings.Repeat("<a>", 100_000), "读不懂"},
		{"a document of too many lines", doc("08", strings.Repeat("<Ntry/>", 100_001)), "行数太多"},
		{"a line of too many parts", doc("08", line{details: "<NtryDtls>" + strings.Repeat("<TxDtls/>", 100_001) + "</NtryDtls>"}.String()), "行数太多"},
		{"a million columns", strings.Repeat(",", 1_000_000), "第 1 行：列数太多"},
		{"a thousand titles", strings.Repeat("x\n", 1000), "表头"},
		{"too many lines", head + strings.Repeat("x\n", 100_000), "行数太多"},
		{"an amount in words", head + "20261123,一分,,甲,1,\n", "第 2 行：金额"},
		{"a third decimal", head + "20261123,0.011,,甲,1,\n", "金额"},
		{"decimals after a comma", head + "20261123,\"1,5\",,甲,1,\n", "金额"},
		{"more money than there is", head + "20261123,99999999999.00,,甲,1,\n", "金额"},
		{"hexadecimal", head + "20261123,0x10,,甲,1,\n", "金额"},
		{"a number that is none", head + "20261123,NaN,,甲,1,\n", "金额"},
		{"both directions", head + "20261123,1.00,1.00,甲,1,\n", "同时有金额"},
		{"no direction", "日期,金额,对方户名\n20261123,1.00,甲\n", "分不清"},
		{"a word for no direction", "日期,金额,借贷标志,对方户名\n20261123,1.00,调账,甲\n", "分不清"},
		{"two directions", "日期,金额,借贷标志,收支,对方户名\n20261123,1.00,贷,支,甲\n", "分不清"},
		{"two columns of amounts", "日期,收入,贷方金额,对方户名\n", "第 1 行：有两列"},
		{"a line without its date", head + "20261123,1.00,,甲,1,\n,1.00,,乙,2,\n", "第 3 行：日期"},
		{"a day that is none", head + "\n\n20261399,1.00,,甲,1,\n", "第 4 行：日期"},
		{"the year 10000", head + "10000-01-01,1.00,,甲,1,\n", "日期"},
		{"a quote that swallows lines", head + "20261123,1.00,,\"甲,1,\n20261123,0.01,,乙,1,\n", "CSV"},
		{"two quotes that swallow lines", head + "20261123,1.00,,\"甲,1,\n20261123,0.01,,乙,1,\"\n", "换行"},
		{"another account", "账号：6222000000000000\n" + head + "20261123,0.01,,甲,1,\n", "不是我方"},
		{"another account in a line", "日期,收入,对方户名,账号\n20261123,1.00,甲,33001616781053000002\n", "不是我方"},
		{"another account in a document", good, "不是我方"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := bank.Read(strings.NewReader(tt.text), ours)
			if !errors.Is(err, bank.ErrStatement) || s.Credits != nil {
				t.Fatalf("Read = %d credits, %v, want %v", len(s.Credits), err, bank.ErrStatement)
			}
			if words := bank.Words(err); !strings.Contains(words, tt.words) || strings.ContainsAny(words, "\n") {
				t.Errorf("Words = %q for %v, want %q", words, err, tt.words)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		if file.IsDir() {
			continue
		}
		body, err := os.ReadFile("testdata/" + file.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := bank.Read(bytes.NewReader(body), ours)
		if err != nil {
			if !errors.Is(err, bank.ErrStatement) || s.Credits != nil || bank.Words(err) == "" {
				t.Fatalf("Read = %d credits and %v", len(s.Credits), err)
			}
			return
		}
		for _, c := range s.Credits {
			if c.Ref == "" || c.Amount < 0 || len(c.Currency) != 3 || c.At.IsZero() || !strings.HasPrefix(c.To, ours) {
				t.Errorf("Read = %s: incomplete", show(c))
			}
		}
	})
}

// FuzzReadTable writes cells into a line, as a payer might choose them: none
// may become another line, or money that is not in the amount.
func FuzzReadTable(f *testing.F) {
	f.Add("甲公司", "货款", "0.01")
	f.Add(`"甲`, "20261123,0.01,,乙", "1,000.00")
	f.Fuzz(func(t *testing.T, payer, text, amount string) {
		quoted := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		row := "20261123," + quoted(amount) + ",," + quoted(payer) + ",1," + quoted(text) + "\n"
		s, err := bank.Read(strings.NewReader(head+row+"20261124,8.00,,乙公司,2,\n"), ours)
		if err != nil {
			return
		}
		if n := len(s.Credits); n == 0 || n > 2 || s.Credits[n-1].Amount != 800 {
			t.Errorf("a line of %q, %q, %q became %d credits", payer, text, amount, n)
		}
	})
}
