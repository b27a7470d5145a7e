package ledger

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/sealed"
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
		if _, err := l.Branches(t.Context(), flows.BranchQuery{Bank: wenSan.Bank, City: "杭州市"}); !errors.Is(err, desk.ErrUnknown) {
			t.Errorf("Branches of no list = %v, want ErrUnknown", err)
		}
		enter(2, wenSan, jinPing)
		enter(2, wenSan, jinPing) // a file may come twice
		enter(3, wuLin)           // a file is a part
		icbc := func(city, name string) flows.BranchQuery {
			return flows.BranchQuery{Bank: "中国工商银行", Province: "浙江省", City: city, Name: name}
		}
		finds(icbc("杭州市", ""), wenSan, wuLin)
		finds(icbc("杭州市", "工行杭州武林支行"), wuLin)
		finds(icbc("杭州市", " 中国 武林 "), wuLin)
		finds(icbc("萧山市", "武林支行"), wuLin) // which the list has under another city
		finds(icbc("杭州市", "金平支行"))
		for _, hostile := range []string{"%", "_", "!", "' OR 1=1 --", "\\"} {
			finds(icbc("杭州市", hostile))
		}
		finds(flows.BranchQuery{Bank: "中国农业银行", Province: "浙江省", City: "杭州市"})
		jinPing.Name = "中国农业银行汕头金平区支行" // it was renamed
		enter(3, jinPing)
		finds(flows.BranchQuery{Bank: "中国农业银行", City: "汕头市"}, jinPing)
	})
}

// TestBranchesAreManyAndFew: of many the shortest come, and among them the one
// that says no more than was asked for.
func TestBranchesAreManyAndFew(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		var all []flows.Branch
		for i := range 2*branchesAtOnce + 1 {
			all = append(all, flows.Branch{Code: fmt.Sprintf("10233100%04d", i), Bank: "中国工商银行", Province: "浙江省", City: "杭州市", Name: fmt.Sprintf("西湖%04d支行", i)})
		}
		all[1000].Name = "西湖支行"
		if known, err := l.EnterBranches(t.Context(), BranchFile{Branches: all, By: "li"}, noon); err != nil || known != int64(len(all)) {
			t.Fatalf("EnterBranches = %d, %v", known, err)
		}
		got, err := l.Branches(t.Context(), flows.BranchQuery{Bank: "中国工商银行", City: "杭州市", Name: "西湖"})
		if want := append(all[1000:1001:1001], all[:branchesFound-1]...); err != nil || !slices.Equal(got, want) {
			t.Errorf("Branches = %v, %v, want %v", got, err, want)
		}
	})
}

// BenchmarkBranches searches a list as long as the whole country's: a branch that
// there is, and one that there is not, which is looked for in the province, too.
func BenchmarkBranches(b *testing.B) {
	keys, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		b.Fatal(err)
	}
	l, err := Open(b.Context(), Config{DSN: "sqlite:" + filepath.Join(b.TempDir(), "ledger.db"), Keys: keys, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	var all []flows.Branch
	for i := range 150_000 {
		bank, city := []string{"中国工商银行", "中国农业银行", "中国建设银行"}[i%3], fmt.Sprintf("第%d市", i%60)
		all = append(all, flows.Branch{
			Code: fmt.Sprintf("%012d", i), Bank: bank, Province: "浙江省", City: city, Name: bank + "股份有限公司" + city + fmt.Sprintf("第%d街支行", i),
		})
	}
	if _, err := l.EnterBranches(b.Context(), BranchFile{Branches: all, By: "li"}, noon); err != nil {
		b.Fatal(err)
	}
	for name, word := range map[string]string{"found": "街", "absent": "湖"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				q := flows.BranchQuery{Bank: "中国工商银行", Province: "浙江省", City: "第3市", Name: word}
				if got, err := l.Branches(b.Context(), q); err != nil || len(got) > 0 != (name == "found") {
					b.Fatalf("%d branches, %v", len(got), err)
				}
			}
		})
	}
}
