package esign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/esign/esigntest"
)

// shelf is one process's memory. Only so many flows may be opened.
type shelf struct {
	flow  string
	left  int
	fails error
}

func (s *shelf) Flow(context.Context) (string, error) { return s.flow, s.fails }

func (s *shelf) KeepFlow(_ context.Context, flow string) error { s.flow = flow; return s.fails }

func (s *shelf) MayOpen(context.Context) (bool, error) { s.left--; return s.left >= 0, s.fails }

var (
	operator = Searcher{Name: company.Name, CreditCode: company.Code, Representative: company.Representative}
	wanted   = flows.BranchQuery{Bank: "平安银行", Province: "浙江省", City: "杭州市", Name: "高新支行"}
)

// The branches of the platform's own example, and of a bank that it does not shorten.
func listing(now func() time.Time, branches ...esigntest.Branch) *esigntest.Register {
	return esigntest.New(esigntest.Config{
		AppID: "app", Secret: flows.Conceal("secret"), Companies: []esigntest.Company{company}, Branches: branches, Clock: now,
	})
}

var gaoxin = esigntest.Branch{Bank: "平安银行", Name: "平安银行杭州高新支行", Code: "307331002584", Province: "浙江", City: "杭州市"}

// TestBranches searches in a flow of the operator's own, which is opened once and
// anew when it is over.
func TestBranches(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	now := func() time.Time { return at }
	platform := listing(now, gaoxin, esigntest.Branch{Bank: "平安银行股份有限公司", Name: "平安银行股份有限公司杭州高新区支行", Code: "307331002592", City: "杭州市"},
		esigntest.Branch{Bank: "招商银行", Name: "招商银行杭州高新支行", Code: "308331002584"})
	kept := &shelf{left: 2}
	b := client(t, platform, now).Branches(operator, kept)
	want := []flows.Branch{
		{Code: "307331002584", Bank: "平安银行", Province: "浙江", City: "杭州市", Name: "平安银行杭州高新支行"},
		{Code: "307331002592", Bank: "平安银行", City: "杭州市", Name: "平安银行股份有限公司杭州高新区支行"},
	}
	searches := func(flowsOpened int) {
		t.Helper()
		got, err := b.Branches(t.Context(), wanted)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Branches = %v, %v", got, err)
		}
		if n := platform.Flows(); n != flowsOpened {
			t.Errorf("%d flows were opened, want %d", n, flowsOpened)
		}
	}
	searches(1)
	searches(1)
	at = at.Add(31 * 24 * time.Hour)
	searches(2)
	kept.flow = "" // lost, and no other may be opened yet
	if got, err := b.Branches(t.Context(), wanted); !errors.Is(err, errNotAgain) || got != nil {
		t.Errorf("without a flow: %v, %v", got, err)
	}
}

// TestNothingIsListed: what is no answer is an error, and opens no further flow.
func TestNothingIsListed(t *testing.T) {
	said := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	row := `{"bank":"平安银行","bankName":"平安银行杭州高新支行","cnapsCode":"307331002584","city":"杭州市","province":"浙江"}`
	stranger := operator
	stranger.Representative = "张伟"
	for about, tt := range map[string]struct {
		handler http.Handler
		who     Searcher
		kept    shelf
	}{
		"an operator whom the register does not have": {listing(time.Now), stranger, shelf{left: 1}},
		"no flow":                    {said(`{"code":0,"data":{}}`), operator, shelf{left: 1}},
		"a flow that leads astray":   {said(`{"code":0,"data":{"flowId":"../../x?y="}}`), operator, shelf{left: 1}},
		"a flow that is no text":     {said(`{"code":0,"data":{"flowId":{"a":1}}}`), operator, shelf{left: 1}},
		"no JSON":                    {said("<html>"), operator, shelf{flow: "1"}},
		"no code":                    {said(`{"data":{"list":[]}}`), operator, shelf{flow: "1"}},
		"another code":               {said(`{"code":30500000}`), operator, shelf{flow: "1"}},
		"a list that is none":        {said(`{"code":0,"data":{"list":"` + row + `"}}`), operator, shelf{flow: "1"}},
		"ten thousand rows":          {said(`{"code":0,"data":{"list":[` + strings.Repeat(row+",", 10_000) + row + `]}}`), operator, shelf{flow: "1"}},
		"a flow that is always over": {said(`{"code":30500003}`), operator, shelf{flow: "1"}},
		"a shelf that fails":         {listing(time.Now, gaoxin), operator, shelf{flow: "1", fails: errors.New("no shelf")}},
	} {
		kept := tt.kept
		if got, err := client(t, tt.handler, time.Now).Branches(tt.who, &kept).Branches(t.Context(), wanted); err == nil || got != nil {
			t.Errorf("%s: %v, %v", about, got, err)
		} else if strings.Contains(err.Error(), operator.Name) || strings.Contains(err.Error(), "张伟") {
			t.Errorf("%s: the error names somebody: %v", about, err)
		}
	}
	many := client(t, said(`{"code":0,"data":{"list":[`+strings.Repeat(row+",", 99)+row+`]}}`), time.Now)
	if got, err := many.Branches(operator, &shelf{flow: "1"}).Branches(t.Context(), wanted); len(got) != mostFound || err != nil {
		t.Errorf("of a hundred rows %d are taken, %v", len(got), err)
	}
}

// TestTheSignatureOfASearch holds the stand-in to the facts: of a question without
// a body the digest is empty, and the value is signed as it is read.
func TestTheSignatureOfASearch(t *testing.T) {
	q := request{method: http.MethodGet, path: "/x", key: "keyWord", value: "平安 & 银行"}
	if digest(q.body) != "" || q.signed() != "/x?keyWord=平安 & 银行" || q.sent() != "/x?keyWord=%E5%B9%B3%E5%AE%89+%26+%E9%93%B6%E8%A1%8C" {
		t.Errorf("digest %q, signed %q, sent %q", digest(q.body), q.signed(), q.sent())
	}
	odd := wanted
	odd.Name = "高新 & 100%+支行"
	if _, err := client(t, listing(time.Now, gaoxin), time.Now).Branches(operator, &shelf{left: 1}).Branches(t.Context(), odd); err != nil {
		t.Errorf("a name with marks is not signed as the platform reads it: %v", err)
	}
}

func FuzzListed(f *testing.F) {
	f.Add([]byte(`{"code":0,"data":{"list":[{"bankName":"平安银行杭州高新支行","cnapsCode":307331002584}]}}`))
	f.Add([]byte(`{"code":30500004}`))
	f.Add([]byte(fmt.Sprintf(`{"code":0,"data":{"list":[%s{}]}}`, strings.Repeat("{},", 30))))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := listed(body)
		if len(got) > mostFound || err != nil && got != nil {
			t.Errorf("%d branches, %v", len(got), err)
		}
	})
}
