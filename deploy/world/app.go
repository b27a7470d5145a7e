// The mini-program on the telephone with Alipay. The page draws whatever step the
// service describes; here is only the way there, and a person's own data.

package world

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"slices"

	"github.com/skip2/go-qrcode"

	"certdesk/flows"
)

// app is the mini-program, whoever holds the telephone.
type app struct {
	phone payPhone
	keys  keyboard
}

func (a app) mount(mux *http.ServeMux) {
	mux.HandleFunc("POST /world/alipay/app/open", control(a.open))
	mux.HandleFunc("POST /world/alipay/app/look", control(a.look))
	mux.HandleFunc("POST /world/alipay/app/answer", control(a.answer))
	mux.HandleFunc("POST /world/alipay/app/phone", control(a.number))
	mux.HandleFunc("POST /world/alipay/app/fill", control(a.fill))
	mux.HandleFunc("POST /world/alipay/app/face", control(a.face))
	mux.HandleFunc("GET /world/code.png", codePicture)
}

// seat is what the mini-program sends with every call.
type seat struct{ Token string }

// open signs in with what the mini-program was opened with.
func (a app) open(r *http.Request, q struct{ User, Scene string }) (any, error) {
	code, err := a.phone.alipay.AuthCode(alipayUser(q.User))
	if err != nil {
		return nil, err
	}
	return a.call(r.Context(), http.MethodPost, "sign-in", "", map[string]string{"auth_code": code, "scene": q.Scene})
}

func (a app) look(r *http.Request, q seat) (any, error) {
	return a.call(r.Context(), http.MethodGet, "step", q.Token, nil)
}

func (a app) answer(r *http.Request, q struct {
	seat
	Answer json.RawMessage
}) (any, error) {
	return a.call(r.Context(), http.MethodPost, "answer", q.Token, q.Answer)
}

func (a app) number(r *http.Request, q struct {
	seat
	Phone json.RawMessage
}) (any, error) {
	return a.call(r.Context(), http.MethodPost, "phone", q.Token, q.Phone)
}

// fill sends a page in with the data of whoever holds the telephone.
func (a app) fill(r *http.Request, q struct {
	seat
	User, Nonce string
	Page        struct {
		Name   string
		Fields []struct {
			Key   flows.Key
			Input string
		}
	}
}) (any, error) {
	i := slices.IndexFunc(people, func(p person) bool { return p.Alipay == q.User })
	if i < 0 {
		return nil, no(http.StatusNotFound, "示例资料里没有这个人。")
	}
	known, values := people[i].answers(a.keys.lastCode(people[i])), map[flows.Key]string{}
	for _, f := range q.Page.Fields {
		if known[f.Key] != "" && f.Input != string(flows.InputFixed) {
			values[f.Key] = known[f.Key]
		}
	}
	return a.call(r.Context(), http.MethodPost, "answer", q.Token, map[string]any{"nonce": q.Nonce, "page": q.Page.Name, "values": values})
}

// face opens the camera with what the service signed.
func (a app) face(r *http.Request, q struct {
	seat
	User string
}) (any, error) {
	answer, err := a.call(r.Context(), http.MethodGet, "face", q.Token, nil)
	if err != nil {
		return nil, err
	}
	var camera struct {
		CertifyURL string `json:"certify_url"`
		PageURL    string `json:"page_url"`
	}
	if err := json.Unmarshal(answer, &camera); err != nil {
		return nil, fmt.Errorf("world: camera: %w", err)
	}
	return a.phone.open(r.Context(), q.User, camera.CertifyURL+camera.PageURL)
}

// call is one request of the mini-program; the words of a refusal are the service's.
// Who is to sign in again is told so by the answer.
func (a app) call(ctx context.Context, method, name, token string, body any) (json.RawMessage, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("world: mini-program: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, method, a.keys.service+"/miniapp/v1/"+name, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("world: mini-program: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	got, err := browser.Do(r)
	if err != nil {
		return nil, fmt.Errorf("world: mini-program: %w", err)
	}
	defer got.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(got.Body, maxImage))
	if err != nil {
		return nil, fmt.Errorf("world: mini-program: %w", err)
	}
	switch got.StatusCode {
	case http.StatusOK:
		return answer, nil
	case http.StatusUnauthorized:
		return json.RawMessage(`{"signed_out":true}`), nil
	default:
		var refused struct{ Why string }
		if json.Unmarshal(answer, &refused) != nil || refused.Why == "" {
			refused.Why = "小程序连接不上服务。"
		}
		return nil, no(got.StatusCode, refused.Why)
	}
}

// codePicture draws a code, as the platform whose code it is would.
func codePicture(out http.ResponseWriter, r *http.Request) {
	code, err := qrcode.New(r.URL.Query().Get("of"), qrcode.Medium)
	if err != nil {
		fail(out, http.StatusBadRequest, "画不出这个二维码。")
		return
	}
	out.Header().Set("Content-Type", "image/png")
	out.Header().Set("Cache-Control", "no-store")
	_ = png.Encode(out, code.Image(330)) // a client that left is no concern of ours
}
