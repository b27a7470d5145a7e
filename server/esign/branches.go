package esign

// Searching the platform's list of branches (查询打款银行信息). The list is free to
// search only inside an identity flow of some organisation, so the operator's own
// is opened for it and kept: its applicants' flows would want the names of their
// legal representatives, and each would cost a comparison. Source: the platform's
// references of 【3要素】企业核身认证 and 查询打款银行信息; deploy/decisions/0018.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"certdesk/flows"
)

// Shelf is where the processes keep the one flow that searches.
type Shelf interface {
	// Flow returns the flow that was opened last, or nothing.
	Flow(ctx context.Context) (string, error)

	// KeepFlow replaces it.
	KeepFlow(ctx context.Context, flow string) error

	// MayOpen reports whether one may be opened now, and counts it: opening
	// costs money, so it is done once in a long while.
	MayOpen(ctx context.Context) (bool, error)
}

// Searcher is the organisation in whose name is searched: the operator's own.
type Searcher struct {
	Name, CreditCode, Representative string
}

// Branches searches the platform's list of branches. It is safe for use by many
// goroutines.
type Branches struct {
	client *Client
	who    Searcher
	shelf  Shelf
}

// Branches makes a search of the platform's list. It makes no call.
func (c *Client) Branches(who Searcher, shelf Shelf) *Branches {
	return &Branches{client: c, who: who, shelf: shelf}
}

const (
	openFlow  = "/v2/identity/auth/api/organization/threeFactors"
	ofFlow    = "/v2/identity/auth/pub/organization/"
	inList    = "/subbranch"
	mostFound = 20 // that the platform gives
)

// Codes of the platform that say that a flow is over.
const (
	codeFlowEnded   = 30500002
	codeFlowExpired = 30500003
	codeNoFlow      = 30500004
)

var (
	errFlowOver = errors.New("the flow is over")
	errNotAgain = errors.New("a flow was opened a while ago, and is over or was lost")
	flowNumber  = regexp.MustCompile(`^\d{1,40}$`)
)

// Branches finds the branches whose name is most like the one that is asked for,
// whatever their bank. A flow that is over is opened anew.
func (b *Branches) Branches(ctx context.Context, q flows.BranchQuery) ([]flows.Branch, error) {
	found, err := b.search(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("esign: branches: %w", err)
	}
	return found, nil
}

func (b *Branches) search(ctx context.Context, q flows.BranchQuery) ([]flows.Branch, error) {
	flow, err := b.shelf.Flow(ctx)
	if err != nil {
		return nil, err
	}
	if flow != "" {
		found, err := b.ask(ctx, flow, q)
		if !errors.Is(err, errFlowOver) {
			return found, err
		}
	}
	if flow, err = b.open(ctx); err != nil {
		return nil, err
	}
	return b.ask(ctx, flow, q)
}

// open begins a flow, which is compared with the register and paid for.
func (b *Branches) open(ctx context.Context) (flow string, err error) {
	may, err := b.shelf.MayOpen(ctx)
	if err == nil && !may {
		err = errNotAgain
	}
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(factors{Name: b.who.Name, Code: b.who.CreditCode, Representative: b.who.Representative})
	if err != nil {
		return "", err
	}
	said, err := b.client.call(ctx, request{method: http.MethodPost, path: openFlow, body: body})
	if err != nil {
		return "", err
	}
	var r struct {
		Code *int64 `json:"code"`
		Data struct {
			Flow text `json:"flowId"`
		} `json:"data"`
	}
	switch {
	case json.Unmarshal(said, &r) != nil || r.Code == nil:
		return "", errAnswer
	case *r.Code != 0:
		return "", fmt.Errorf("platform answered %d to the opening of a flow", *r.Code)
	case !flowNumber.MatchString(string(r.Data.Flow)):
		return "", fmt.Errorf("%w: no flow", errAnswer)
	}
	return string(r.Data.Flow), b.shelf.KeepFlow(ctx, string(r.Data.Flow))
}

// ask looks for the full name, which the platform wants, as far as it is known.
func (b *Branches) ask(ctx context.Context, flow string, q flows.BranchQuery) ([]flows.Branch, error) {
	said, err := b.client.call(ctx, request{method: http.MethodGet, path: ofFlow + flow + inList, key: "keyWord", value: q.FullName()})
	if err != nil {
		return nil, err
	}
	return listed(said)
}

// listed reads what the platform found.
func listed(body []byte) ([]flows.Branch, error) {
	var r struct {
		Code *int64 `json:"code"`
		Data struct {
			List []struct {
				Bank     string `json:"bank"`
				Name     string `json:"bankName"`
				Code     text   `json:"cnapsCode"`
				Province string `json:"province"`
				City     string `json:"city"`
			} `json:"list"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &r) != nil || r.Code == nil {
		return nil, errAnswer
	}
	switch *r.Code {
	case codeMatch:
	case codeFlowEnded, codeFlowExpired, codeNoFlow:
		return nil, errFlowOver
	default:
		return nil, fmt.Errorf("platform answered %d", *r.Code)
	}
	var found []flows.Branch
	for _, row := range r.Data.List[:min(len(r.Data.List), mostFound)] {
		found = append(found, flows.Branch{
			Code: string(row.Code), Bank: flows.PlainBank(row.Bank), Province: row.Province, City: row.City, Name: strings.TrimSpace(row.Name),
		})
	}
	return found, nil
}
