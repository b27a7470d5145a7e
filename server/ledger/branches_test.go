package ledger

import (
	"context"
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

// TestAPayoutKnowsItsBranch finds the code of a branch that the operator's list
// names once, and none of one that it names twice.
func TestAPayoutKnowsItsBranch(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		listed := []flows.Branch{
			{Code: "105331000017", Bank: "中国建设银行", Province: "浙江省", City: "杭州市", Name: "中国建设银行杭州西湖支行"},
			{Code: "105331000025", Bank: "中国建设银行", Province: "浙江省", City: "杭州市", Name: "中国建设银行杭州文三支行"},
		}
		if _, err := l.EnterBranches(t.Context(), BranchFile{Digest: "f", Branches: listed, By: "li"}, noon); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct{ typed, branch, want string }{
			{"", "杭州西湖支行", "105331000017"},
			{"", "支行", ""},
			{"", "某支行", ""},
			{"105331000025", "杭州西湖支行", "105331000025"},
		} {
			to := companyAccount{Bank: flows.Conceal("中国建设银行"), City: flows.Conceal("杭州市"), Branch: flows.Conceal(tt.branch), Code: flows.Conceal(tt.typed)}
			err := l.tx(t.Context(), func(ctx context.Context, tx txn) error { return l.lookUpBranch(ctx, tx, &to) })
			if err != nil || to.Code.Reveal() != tt.want {
				t.Errorf("the code of %s, typed %q, is %q, %v, want %q", tt.branch, tt.typed, to.Code.Reveal(), err, tt.want)
			}
		}
	})
}
