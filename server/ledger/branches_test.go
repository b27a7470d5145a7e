package ledger

import (
	"fmt"
	"slices"
	"testing"

	"certdesk/flows"
)

func TestBranches(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		wenSan := flows.Branch{Code: "102331002026", Bank: "中国工商银行", Province: "浙江省", City: "杭州市", Name: "中国工商银行杭州文三支行"}
		wuLin := flows.Branch{Code: "102331002034", Bank: "中国工商银行", Province: "浙江省", City: "杭州市", Name: "中国工商银行杭州武林支行"}
		jinPing := flows.Branch{Code: "103586000017", Bank: "中国农业银行", Province: "广东省", City: "汕头市", Name: "中国农业银行汕头金平支行"}
		enter := func(want int64, all ...flows.Branch) {
			t.Helper()
			if known, err := l.EnterBranches(t.Context(), BranchFile{Digest: "f", Branches: all, By: "li"}, noon); err != nil || known != want {
				t.Errorf("EnterBranches = %d, %v, want %d", known, err, want)
			}
		}
		finds := func(q flows.BranchQuery, want ...flows.Branch) {
			t.Helper()
			if got, err := l.Branches(t.Context(), q); err != nil || !slices.Equal(got, want) {
				t.Errorf("Branches(%+v) = %v, %v, want %v", q, got, err, want)
			}
		}
		finds(flows.BranchQuery{Bank: wenSan.Bank})
		enter(2, wenSan, jinPing)
		enter(2, wenSan, jinPing) // a file may come twice
		enter(3, wuLin)           // a file is a part
		finds(flows.BranchQuery{Bank: "中国工商银行", City: "杭州市"}, wenSan, wuLin)
		finds(flows.BranchQuery{City: "杭州市", Words: " 支行 武林 "}, wuLin)
		finds(flows.BranchQuery{Words: "%"})
		finds(flows.BranchQuery{Words: "_"})
		finds(flows.BranchQuery{Words: "' OR 1=1 --"})
		finds(flows.BranchQuery{Bank: "中国农业银行", City: "杭州市"})
		jinPing.Name = "中国农业银行汕头金平区支行" // it was renamed
		enter(3, jinPing)
		finds(flows.BranchQuery{City: "汕头市"}, jinPing)

	})
}

func TestBranchesAreManyAndFew(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		var all []flows.Branch
		for i := range 2*branchesAtOnce + 1 {
			all = append(all, flows.Branch{Code: fmt.Sprintf("10233100%04d", i), Bank: "中国工商银行", Province: "浙江省", City: "杭州市", Name: fmt.Sprintf("支行%04d", i)})
		}
		if known, err := l.EnterBranches(t.Context(), BranchFile{Branches: all, By: "li"}, noon); err != nil || known != int64(len(all)) {
			t.Fatalf("EnterBranches = %d, %v", known, err)
		}
		if got, err := l.Branches(t.Context(), flows.BranchQuery{City: "杭州市"}); err != nil || !slices.Equal(got, all[:branchesFound]) {
			t.Errorf("Branches = %v, %v", got, err)
		}
	})
}
