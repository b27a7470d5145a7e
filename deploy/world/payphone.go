// The telephone with Alipay: what its owner scans, shows and pays.

package world

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"certdesk/miniapp/alipay/alipaytest"
)

// payPhone is the telephone with Alipay.
type payPhone struct {
	alipay *alipaytest.Gateway
	camera camera
}

func (p payPhone) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /world/alipay/users", control(p.users))
	mux.HandleFunc("POST /world/alipay/scan", control(p.scan))
	mux.HandleFunc("POST /world/alipay/look", bounded(maxImage, p.look))
	mux.HandleFunc("POST /h5/screen", control(p.lookAtScreen))
	mux.HandleFunc("POST /world/alipay/phone", control(p.number))
	mux.HandleFunc("POST /world/alipay/face", control(p.face))
	mux.HandleFunc("POST /world/alipay/pay", control(p.pay))
}

func (p payPhone) users(*http.Request, none) (any, error) {
	type user struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		IDNumber string `json:"id_number"`
	}
	users := make([]user, 0, len(people))
	for _, who := range people {
		users = append(users, user{who.Alipay, who.Name, who.IDNumber})
	}
	return users, nil
}

// alipayUser finds somebody, or a company, by identifier or by name.
func alipayUser(who string) string {
	for _, p := range people {
		switch who {
		case p.Name:
			return p.Alipay
		case p.Company.Name:
			return p.Company.Alipay
		}
	}
	return who
}

// opened is what Alipay shows after a scan.
type opened struct {
	Kind   string `json:"kind"` // "face", "pay", "login", "app" or "web"
	ID     string `json:"id"`
	Title  string `json:"title"`
	Amount string `json:"amount,omitempty"` // in yuan
	URL    string `json:"url,omitempty"`
	Query  string `json:"query,omitempty"` // that the mini-program is opened with
}

func (p payPhone) open(ctx context.Context, user, content string) (any, error) {
	s, err := p.alipay.Scan(ctx, alipayUser(user), content)
	if errors.Is(err, alipaytest.ErrScan) {
		return nil, no(http.StatusUnprocessableEntity, "支付宝打不开这个二维码，可能已过期、已用过或不是支付宝的码。（"+err.Error()+"）")
	}
	if err != nil {
		return nil, err
	}
	o := opened{Kind: s.Kind, ID: s.ID, Title: s.Title, URL: s.URL, Query: s.Query}
	if s.Kind == alipaytest.KindPay {
		o.Amount = s.Amount.String()
	}
	return o, nil
}

func (p payPhone) scan(r *http.Request, q struct{ User, URL string }) (any, error) {
	return p.open(r.Context(), q.User, q.URL)
}

// look holds the telephone before a picture with a code in it: one from
// the chat, or one from the album.
func (p payPhone) look(r *http.Request, q struct{ User, At string }) (any, error) {
	content, err := p.camera.codeAt(q.At)
	if err != nil {
		return nil, no(http.StatusUnprocessableEntity, "没有看到二维码。（"+err.Error()+"）")
	}
	return p.open(r.Context(), q.User, content)
}

// lookAtScreen holds the telephone before the page that this browser has
// open. Cookies know no port: under the path of the service's pages they come
// here as well, and the page can be looked at as this browser sees it.
func (p payPhone) lookAtScreen(r *http.Request, q struct{ User string }) (any, error) {
	content, err := p.camera.codeOnScreen(r.Context(), r.Header.Get("Cookie"))
	if err != nil {
		return nil, no(http.StatusUnprocessableEntity, "微信手机打开的页面上没有二维码。（"+err.Error()+"）")
	}
	return p.open(r.Context(), q.User, content)
}

// number is what the mini-program is told when its user agrees.
func (p payPhone) number(_ *http.Request, q struct{ User string }) (any, error) {
	user := alipayUser(q.User)
	if err := p.alipay.Authorize(user); err != nil {
		return nil, err
	}
	response, err := p.alipay.PhoneNumber(user)
	return map[string]string{"response": response}, err
}

func (p payPhone) face(_ *http.Request, q struct{ ID, Outcome string }) (any, error) {
	err := p.alipay.Face(q.ID, q.Outcome)
	if errors.Is(err, alipaytest.ErrOutcome) {
		return nil, no(http.StatusUnprocessableEntity, fmt.Sprintf("这次刷脸不能有这个结果。（%v）", err))
	}
	return done, err
}

func (p payPhone) pay(r *http.Request, q struct{ ID string }) (any, error) {
	err := p.alipay.Pay(r.Context(), q.ID)
	if errors.Is(err, alipaytest.ErrOutcome) {
		return nil, no(http.StatusUnprocessableEntity, "这笔交易不能付款：没有扫过码、已关闭或已付款。")
	}
	return done, err
}
