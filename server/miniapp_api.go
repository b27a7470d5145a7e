package server

import (
	"encoding/json"
	"net/http"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"certdesk/miniapp"
	"certdesk/miniapp/alipay"
	"certdesk/server/desk"
)

// The mini-program's API as the world reads it: its calls, their shapes and
// its refusals, described by the document that comes out of these types.
//
// Bodies are read by package miniapp, not by the library, whose refusals quote
// what was sent: that may be a password.

const miniBase = "/miniapp/v1"

// What the calls take and give. The names of the fields are the library's
// contract: RawBody is the body as it came, Body is what is answered.
type (
	bodyOnly struct {
		RawBody []byte
	}
	bearer struct {
		Authorization string `header:"Authorization" hidden:"true"`
	}
	bearerBody struct {
		Authorization string `header:"Authorization" hidden:"true"`
		RawBody       []byte
	}
	answered[T any] struct {
		Body T
	}
	signedIn struct {
		Token     string `json:"token" doc:"to be sent with every other call as: Authorization: Bearer"`
		ExpiresIn int    `json:"expires_in" doc:"seconds"`
	}
	camera struct {
		CertifyID  string `json:"certify_id" doc:"certifyId of the service open-certify"`
		CertifyURL string `json:"certify_url" doc:"url of the service open-certify"`
		PageURL    string `json:"page_url,omitempty" doc:"instead of the others: a page of Alipay's to be opened"`
	}
)

// problem is what every refusal looks like: words, and no code to look up.
type problem struct {
	Why    string `json:"why" doc:"what is wrong and what to do next, for the applicant"`
	status int
}

// Error implements error. The words are about the call, never from it.
func (p *problem) Error() string { return "miniapp: " + http.StatusText(p.status) }

// GetStatus implements [huma.StatusError].
func (p *problem) GetStatus() int { return p.status }

// problems says what the applicant reads of an error that they can help with.
var problems = []struct {
	fact   error
	status int
	why    string
}{
	{errLink, http.StatusUnauthorized, "登录已过期，请重新打开小程序。您的办理进度还在。"},
	{desk.ErrMoved, http.StatusUnauthorized, "已接上您在另一处的办理，请重新打开小程序。"},
	{miniapp.ErrMalformed, http.StatusBadRequest, "没有看懂小程序发来的内容，请检查有没有填得太长，或关闭小程序后重新打开。"},
	{alipay.ErrPhone, http.StatusUnprocessableEntity, "没有拿到支付宝绑定的手机号，请直接填写。"},
	{desk.ErrFlood, http.StatusTooManyRequests, tooFast},
	{desk.ErrUnknown, http.StatusConflict, "这次刷脸已经失效，请点“重新获取二维码”再试。"},
	{desk.ErrExpired, http.StatusConflict, "这次刷脸已经失效，请点“重新获取二维码”再试。"},
}

// wordsOf is what the applicant reads of a refusal by the library.
func wordsOf(status int) string {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return "内容太长了，请删短一些再提交。"
	case status < http.StatusInternalServerError:
		return problems[1].why
	}
	return "系统暂时繁忙，您填写的内容没有丢失，请稍后再试。"
}

// speakPlainly sets what the library keeps for the whole process: lists are
// never null, and refusals are ours.
var speakPlainly = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError {
		return &problem{Why: wordsOf(status), status: status}
	}
})

// mount adds the calls and the document that describes them.
func (m *miniApp) mount(app *fiber.App) huma.API {
	speakPlainly()
	cfg := huma.DefaultConfig("certdesk mini-program", "1")
	cfg.CreateHooks = nil
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{seatScheme: {Type: "http", Scheme: "bearer"}}
	app.Use(miniBase, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, "no-store")
		c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
		return c.Next()
	})
	api := humafiber.New(app, cfg)
	huma.Register(api, m.call("sign-in", http.MethodPost, "Exchange a code of my.getAuthCode for a token"), m.signIn)
	huma.Register(api, seated(m.call("step", http.MethodGet, "Show the present step")), m.step)
	huma.Register(api, seated(m.call("answer", http.MethodPost, "Say, choose or fill in something")), m.answer)
	huma.Register(api, seated(m.call("phone", http.MethodPost, "Propose the number that my.getPhoneNumber gives")), m.phone)
	huma.Register(api, seated(m.call("face", http.MethodGet, "Get what opens the camera")), m.face)
	takes[miniapp.SignIn](api, "sign-in")
	takes[miniapp.Answer](api, "answer")
	takes[miniapp.Phone](api, "phone")
	app.Get(miniBase+"/openapi.json", document(api))
	return api
}

const seatScheme = "seat"

func (m *miniApp) call(name, method, summary string) huma.Operation {
	return huma.Operation{
		OperationID: name, Method: method, Path: miniBase + "/" + name, Summary: summary,
		MaxBodyBytes: miniapp.MaxBody + 1024,
		Errors: []int{
			http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity,
			http.StatusTooManyRequests, http.StatusServiceUnavailable,
		},
	}
}

// seated are the calls of somebody who has signed in.
func seated(op huma.Operation) huma.Operation {
	op.Security = []map[string][]string{{seatScheme: {}}}
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusConflict)
	return op
}

// takes describes a body that the library hands over unread.
func takes[T any](api huma.API, name string) {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[T](), true, name)
	api.OpenAPI().Paths[miniBase+"/"+name].Post.RequestBody.Content = map[string]*huma.MediaType{
		"application/json": {Schema: schema},
	}
}

// document answers with the description, which does not change any more.
func document(api huma.API) fiber.Handler {
	text, err := json.Marshal(api.OpenAPI())
	if err != nil {
		panic(err) // the types above cannot be described: no input can cause it
	}
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, "application/openapi+json")
		return c.Send(text)
	}
}
