package bank_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/bank"
)

// doc wraps lines into a statement of account 6001.
func doc(version, lines string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.` + version + `">
<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt><Id>S</Id><Acct><Id><Othr><Id>6001</Id></Othr></Id></Acct>` +
		lines + `</Stmt></BkToCstmrStmt></Document>`
}

// line is one entry; its parts can be replaced.
type line struct {
	amt, dir, status, booked, ref, details, reversal string
}

func (l line) String() string {
	or := func(s, or string) string {
		if s == "" {
			return or
		}
		return s
	}
	return `<Ntry>` + or(l.amt, `<Amt Ccy="CNY">88.00</Amt>`) + `<CdtDbtInd>` + or(l.dir, "CRDT") + `</CdtDbtInd>` + l.reversal +
		or(l.status, `<Sts><Cd>BOOK</Cd></Sts>`) + or(l.booked, `<BookgDt><DtTm>2026-11-23T09:00:00+08:00</DtTm></BookgDt>`) +
		or(l.ref, `<AcctSvcrRef>R1</AcctSvcrRef>`) + or(l.details, `<NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>甲公司</Nm></Pty></Dbtr>`+
		`<DbtrAcct><Id><Othr><Id>7001</Id></Othr></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>CA</Ustrd><Ustrd>01</Ustrd></RmtInf></TxDtls></NtryDtls>`) + `</Ntry>`
}

// show writes a credit out, its secrets included, for comparison.
func show(c flows.Credit) string {
	return fmt.Sprintf("%s %s %s %s to %s by %q %s: %q",
		c.Ref, c.At.UTC().Format(time.RFC3339), c.Amount, c.Currency, c.To, c.Payer.Reveal(), c.PayerAccount.Reveal(), c.Remark.Reveal())
}

func TestParseCamt053(t *testing.T) {
	const usual = `R1 2026-11-23T01:00:00Z 88.00 CNY to 6001 by "甲公司" 7001: "CA 01"`
	batch := func(first, second string) string {
		return `<NtryDtls><TxDtls>` + first + `<RltdPties><Dbtr><Nm>甲</Nm></Dbtr></RltdPties></TxDtls><TxDtls>` + second +
			`<RltdPties><Dbtr><Nm>乙</Nm></Dbtr><CdtrAcct><Id><Othr><Id>600142</Id></Othr></Id></CdtrAcct></RltdPties></TxDtls></NtryDtls>`
	}
	tests := []struct {
		name  string
		lines []line
		want  []string
	}{
		{name: "nothing", lines: nil},
		{name: "as version 08 writes it", lines: []line{{}}, want: []string{usual}},
		{
			name: "as version 02 writes it",
			lines: []line{{status: `<Sts>BOOK</Sts>`, details: `<NtryDtls><TxDtls><RltdPties><Dbtr><Nm>甲公司</Nm></Dbtr>` +
				`<DbtrAcct><Id><IBAN>7001</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Ustrd>CA 01</Ustrd></RmtInf></TxDtls></NtryDtls>`}},
			want: []string{usual},
		},
		{name: "money that went out", lines: []line{{dir: "DBIT"}}},
		{name: "announced, not booked", lines: []line{{status: `<Sts><Cd>PDNG</Cd></Sts>`}}},
		{name: "our own money coming back", lines: []line{{reversal: `<RvslInd>true</RvslInd>`}}},
		{name: "no reversal", lines: []line{{reversal: `<RvslInd>false</RvslInd>`}}, want: []string{usual}},
		{
			name:  "another currency is kept",
			lines: []line{{amt: `<Amt Ccy="USD">0.01</Amt>`}},
			want:  []string{`R1 2026-11-23T01:00:00Z 0.01 USD to 6001 by "甲公司" 7001: "CA 01"`},
		},
		{name: "five decimals, two of which count", lines: []line{{amt: `<Amt Ccy="CNY">88.00000</Amt>`}}, want: []string{usual}},
		{
			name:  "a time without a zone is Beijing's",
			lines: []line{{booked: `<BookgDt><DtTm>2026-11-23T09:00:00</DtTm></BookgDt>`}},
			want:  []string{usual},
		},
		{
			name:  "a day",
			lines: []line{{booked: `<BookgDt><Dt>2026-11-23</Dt></BookgDt>`}},
			want:  []string{`R1 2026-11-22T16:00:00Z 88.00 CNY to 6001 by "甲公司" 7001: "CA 01"`},
		},
		{
			name:  "a batch is its parts, told apart",
			lines: []line{{details: batch(`<Amt Ccy="CNY">80</Amt>`, `<Amt Ccy="CNY">8.0</Amt>`)}},
			want: []string{
				`R1/1 2026-11-23T01:00:00Z 80.00 CNY to 6001 by "甲" : ""`,
				`R1/2 2026-11-23T01:00:00Z 8.00 CNY to 600142 by "乙" : ""`,
			},
		},
		{
			name:  "a batch that does not add up is nobody's",
			lines: []line{{details: batch(`<Amt Ccy="CNY">80</Amt>`, `<Amt Ccy="CNY">9</Amt>`)}},
			want:  []string{`R1 2026-11-23T01:00:00Z 88.00 CNY to 6001 by "" : ""`},
		},
		{
			name:  "a batch without amounts is nobody's",
			lines: []line{{details: batch("", "")}},
			want:  []string{`R1 2026-11-23T01:00:00Z 88.00 CNY to 6001 by "" : ""`},
		},
		{name: "the same line twice keeps one reference", lines: []line{{}, {}}, want: []string{usual, usual}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var text strings.Builder
			for _, l := range tt.lines {
				text.WriteString(l.String())
			}
			credits, err := bank.ParseCamt053(strings.NewReader(doc("08", text.String())))
			if err != nil || len(credits) != len(tt.want) {
				t.Fatalf("ParseCamt053 = %d credits, %v, want %d", len(credits), err, len(tt.want))
			}
			for i, c := range credits {
				if got := show(c); got != tt.want[i] {
					t.Errorf("credit %d is\n%s, want\n%s", i, got, tt.want[i])
				}
			}
		})
	}
}

func TestTwinsWithoutReference(t *testing.T) {
	twin := line{ref: " "}.String()
	other := line{ref: " ", amt: `<Amt Ccy="CNY">1</Amt>`}.String()
	first, err := bank.ParseCamt053(strings.NewReader(doc("08", twin+twin)))
	if err != nil {
		t.Fatal(err)
	}
	second, err := bank.ParseCamt053(strings.NewReader(doc("08", other+twin+twin)))
	if err != nil {
		t.Fatal(err)
	}
	if first[0].Ref == first[1].Ref {
		t.Error("two equal payments have one reference")
	}
	if first[0].Ref != second[1].Ref || first[1].Ref != second[2].Ref {
		t.Error("the references differ in an overlapping statement")
	}
}

func TestParseCamt053Refuses(t *testing.T) {
	tests := []struct{ name, text string }{
		{"nothing", ""},
		{"a page of HTML", "<html><body>502</body></html>"},
		{"a document of another kind", `<Document><BkToCstmrDbtCdtNtfctn/></Document>`},
		{"a document cut off", doc("08", line{}.String())[:400]},
		{"another encoding than it may have", strings.Replace(doc("08", ""), "UTF-8", "GBK", 1)},
		{"three decimals", doc("08", line{amt: `<Amt Ccy="CNY">0.001</Amt>`}.String())},
		{"a negative amount", doc("08", line{amt: `<Amt Ccy="CNY">-1</Amt>`}.String())},
		{"an exponent", doc("08", line{amt: `<Amt Ccy="CNY">1e2</Amt>`}.String())},
		{"no currency", doc("08", line{amt: `<Amt>1</Amt>`}.String())},
		{"no time of booking", doc("08", line{booked: `<BookgDt/>`}.String())},
		{"longer than it may be", doc("08", strings.Repeat(" ", 10<<20))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			credits, err := bank.ParseCamt053(strings.NewReader(tt.text))
			if !errors.Is(err, bank.ErrStatement) || credits != nil {
				t.Errorf("ParseCamt053 = %d credits, %v, want %v", len(credits), err, bank.ErrStatement)
			}
		})
	}
}

func FuzzParseCamt053(f *testing.F) {
	f.Add(doc("08", line{}.String()))
	f.Add(doc("02", line{status: `<Sts>BOOK</Sts>`, ref: " "}.String()+line{dir: "DBIT"}.String()))
	f.Fuzz(func(t *testing.T, text string) {
		credits, err := bank.ParseCamt053(strings.NewReader(text))
		if err != nil && credits != nil {
			t.Fatalf("ParseCamt053 = %d credits and %v", len(credits), err)
		}
		for _, c := range credits {
			if c.Ref == "" || c.Amount < 0 || len(c.Currency) != 3 || c.At.IsZero() {
				t.Errorf("ParseCamt053 = %s: incomplete", show(c))
			}
		}
	})
}
