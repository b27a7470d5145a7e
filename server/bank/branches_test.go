package bank_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"certdesk/flows"
	"certdesk/server/bank"
)

const branchHeader = "联行号,银行,省份,城市,支行名称\n"

func TestReadBranches(t *testing.T) {
	const list = branchHeader + "102331002026,工行,浙江省,杭州,中国工商银行杭州文三支行\n\n313331000014,杭州银行,浙江省,杭州市,杭州银行营业部\n102331002026,工商银行,浙江省,杭州市,中国工商银行杭州文三支行\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(list)
	if err != nil {
		t.Fatal(err)
	}
	for form, file := range map[string]string{
		"UTF-8": list, "with a mark": "\xEF\xBB\xBF" + list, "with CRLF": strings.ReplaceAll(list, "\n", "\r\n"), "GB18030": gb,
	} {
		all, digest, err := bank.ReadBranches(strings.NewReader(file))
		if err != nil || len(digest) != 64 || len(all) != 2 ||
			all[0] != (flows.Branch{Code: "102331002026", Bank: "中国工商银行", Province: "浙江省", City: "杭州市", Name: "中国工商银行杭州文三支行"}) ||
			all[1].Bank != "杭州银行" {
			t.Errorf("%s: %v, %q, %v", form, all, digest, err)
		}
	}
}

func TestReadBranchesRefuses(t *testing.T) {
	good := "102331002026,工商银行,浙江省,杭州市,中国工商银行杭州文三支行\n"
	for name, file := range map[string]string{
		"nothing":                   "",
		"no header":                 good,
		"only a header":             branchHeader,
		"other columns":             "银行,联行号,省份,城市,支行名称\n" + good,
		"a column less":             branchHeader + "102331002026,工商银行,浙江省,杭州市\n",
		"a code that is none":       branchHeader + good + "902331002026,某银行,浙江省,杭州市,某支行\n",
		"no name":                   branchHeader + "102331002026,工商银行,浙江省,杭州市, \n",
		"a name without end":        branchHeader + "102331002026,工商银行,浙江省,杭州市," + strings.Repeat("行", 101) + "\n",
		"one code, two branches":    branchHeader + good + "102331002026,工商银行,浙江省,杭州市,中国工商银行杭州武林支行\n",
		"a quote that does not end": branchHeader + "102331002026,\"工商银行,浙江省,杭州市,文三支行\n" + good,
		"a control character":       branchHeader + "102331002026,工商银行,浙江省,杭州市,文三\x01支行\n",
		"bytes that are no text":    branchHeader + "\xff\xfe\x00",
		"too long":                  branchHeader + strings.Repeat("\n", bank.MaxBranchFile),
	} {
		if all, _, err := bank.ReadBranches(strings.NewReader(file)); !errors.Is(err, bank.ErrBranches) || all != nil {
			t.Errorf("%s: %v, %v, want ErrBranches", name, all, err)
		}
	}
}

// TestTheSampleOfBranches reads the file that operators are shown.
func TestTheSampleOfBranches(t *testing.T) {
	file, err := os.Open("../../deploy/branches.sample.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if all, _, err := bank.ReadBranches(file); err != nil || len(all) < 5 {
		t.Errorf("%v, %v", all, err)
	}
}

func FuzzReadBranches(f *testing.F) {
	f.Add([]byte(branchHeader + "102331002026,工行,浙江省,杭州,中国工商银行杭州文三支行\n"))
	f.Add([]byte(branchHeader + "\"102331002026\",工行,\"浙江省\n\",杭州,x\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		all, _, err := bank.ReadBranches(bytes.NewReader(body))
		if (err == nil) != (len(all) > 0) || err != nil && !errors.Is(err, bank.ErrBranches) {
			t.Fatalf("%v, %v", all, err)
		}
		for _, b := range all {
			if _, err := flows.ReadBranchCode(b.Code); err != nil || b.Name == "" || b.City == "" {
				t.Errorf("%+v, %v", b, err)
			}
		}
	})
}
